"""Regularizers that act on the activations inside the network: units, channels, blocks and branches dropped."""

from __future__ import annotations

from regtui.catalog.records import Param, Regularizer

LAYERS = (
    Regularizer(
        name="dropout",
        title="Dropout",
        summary="Blanks each unit with probability p while training and scales the others by 1/(1-p).",
        params=(
            Param(name="p", title="Probability", summary="Share of units blanked in a training step; in the paper p is "
                  "the share that stays.", kind="float",
                  default=0.3, low=0.0, high=1.0, open_high=True, step=0.05, symbol="p", steerable=True),
        ),
        sites=("residual", "block", "activation", "head", "input", "attention"),
        paper="Srivastava et al. 2014, https://jmlr.org/papers/v15/srivastava14a.html",
        watch="The train curve falls towards the test curve; the loss of the training batches gets noisy.",
        group="layers",
    ),
    Regularizer(
        name="dropout2d",
        title="Spatial dropout",
        summary="Blanks whole channels of feature maps with probability p while training and scales the others.",
        params=(
            Param(name="p", title="Probability", summary="Share of channels blanked in a training step.", kind="float",
                  default=0.1, low=0.0, high=1.0, open_high=True, step=0.05, symbol="p", steerable=True),
        ),
        sites=("block", "activation"),
        paper="Tompson et al. 2015, section 3.2, https://arxiv.org/abs/1411.4280",
        watch="A stronger effect than Dropout at the same p: neighbouring pixels of a map cannot stand in for it.",
        group="layers",
        kinds=("image",),
    ),
    Regularizer(
        name="dropblock",
        title="DropBlock",
        summary="Blanks square blocks of feature maps, about a share p of them, while training and scales the rest.",
        params=(
            Param(name="p", title="Probability", summary="Share of units blanked, before blocks overlap.",
                  kind="float", default=0.1, low=0.0, high=1.0, open_high=True, step=0.05, symbol="p",
                  steerable=True),
            Param(name="size", title="Block size", summary="Side of a block; 1 is Dropout, the whole map at most.",
                  kind="int", default=3, low=1, high=64, step=2, unit="pixels of the map", symbol="px"),
        ),
        sites=("block", "activation"),
        paper="Ghiasi et al. 2018, https://arxiv.org/abs/1810.12890",
        watch="Like Dropout on a convolutional net, but it takes away what the neighbours would still tell.",
        group="layers",
        kinds=("image",),
    ),
    Regularizer(
        name="stochastic_depth",
        title="Stochastic depth",
        summary="Leaves out whole residual branches, sample by sample, while training; deeper ones more often.",
        params=(
            Param(name="p", title="Probability", summary="Share of samples that skip the last branch.", kind="float",
                  default=0.2, low=0.0, high=1.0, open_high=True, step=0.05, symbol="p", steerable=True),
            Param(name="depth_rule", title="Depth rule", summary="linear: p grows from branch to branch up to p; "
                  "constant: the same p everywhere.", kind="choice", default="linear",
                  choices=("linear", "constant"), symbol="ru"),
        ),
        sites=("residual",),
        paper="Huang et al. 2016, https://arxiv.org/abs/1603.09382",
        watch="A deep residual net trains like a shorter one and is evaluated like an ensemble of them.",
        group="layers",
    ),
)  # fmt: skip
