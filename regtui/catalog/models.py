"""Models."""

from __future__ import annotations

from regtui.catalog.records import Model, Param

_ALL = (
    Model(
        name="mlp",
        title="MLP",
        summary="Fully connected layers with ReLU on the flattened picture.",
        params=(
            Param(name="width", title="Width", summary="Units of a hidden layer.", kind="int", default=256, low=1,
                  high=4096, step=32, unit="units", symbol="w"),
            Param(name="depth", title="Depth", summary="Hidden layers.", kind="int", default=2, low=1, high=50,
                  step=1, unit="layers", symbol="d"),
        ),
        sites=("input", "linear", "activation", "head"),
    ),
    Model(
        name="cnn",
        title="6-conv CNN",
        summary="Three stages of two 3x3 convolutions and a max-pool, channels w, 2w, 4w; then one linear layer.",
        params=(
            Param(name="width", title="Width", summary="Channels of the first stage.", kind="int", default=8, low=1,
                  high=512, step=4, unit="channels", symbol="w"),
        ),
        sites=("input", "conv", "activation", "block", "head"),
        paper="Simonyan & Zisserman 2014 (stages of stacked 3x3 convolutions), https://arxiv.org/abs/1409.1556",
    ),
)  # fmt: skip

MODELS: dict[str, Model] = {record.name: record for record in _ALL}
