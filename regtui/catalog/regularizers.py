"""Regularizers, in the order in which the stack pane offers them."""

from __future__ import annotations

from typing import get_args

from regtui.catalog.augmentation import AUGMENTATION
from regtui.catalog.layers import LAYERS
from regtui.catalog.optimization import OPTIMIZATION
from regtui.catalog.records import Group, Param, Regularizer
from regtui.catalog.targets import TARGETS
from regtui.catalog.weights import WEIGHTS

_ALL = (
    Regularizer(
        name="dropout",
        title="Dropout",
        summary="Blanks each unit with probability p while training and scales the others by 1/(1-p).",
        params=(
            Param(name="p", title="Probability", summary="Share of units blanked in a training step.", kind="float",
                  default=0.3, low=0.0, high=1.0, open_high=True, step=0.05, symbol="p", steerable=True),
        ),
        sites=("block", "activation", "head", "input"),
        paper="Srivastava et al. 2014, https://jmlr.org/papers/v15/srivastava14a.html",
        watch="The train curve falls towards the test curve; the loss of the training batches gets noisy.",
        group="layers",
    ),
    Regularizer(
        name="batchnorm",
        title="BatchNorm",
        summary="Normalizes each channel with the batch's mean and variance; evaluation uses running averages.",
        params=(
            Param(name="momentum", title="Momentum", summary="Share of the new batch in the running averages.",
                  kind="float", default=0.1, low=0.0, high=1.0, step=0.01, symbol="m"),
            Param(name="eps", title="Epsilon", summary="Added to the variance before its root is taken.",
                  kind="float", default=1e-5, low=1e-8, high=1.0, step=1e-5, symbol="ε"),
        ),
        sites=("conv", "linear"),
        paper="Ioffe & Szegedy 2015, https://arxiv.org/abs/1502.03167",
        watch="Running mean and variance chase the batch's; training gets faster and bears higher learning rates.",
        group="layers",
    ),
    Regularizer(
        name="weight_decay",
        title="Weight decay",
        summary="Shrinks the weights by lr x strength in each step, apart from the gradient (decoupled, as AdamW).",
        params=(
            Param(name="strength", title="Strength", summary="Share of a weight that goes in a step, times lr.",
                  kind="float", default=0.01, low=0.0, high=10.0, step=0.01, symbol="λ", steerable=True),
            Param(name="norms_and_biases", title="Also norms and biases",
                  summary="Shrink biases and norm parameters as well; they are spared by default.",
                  kind="bool", default=False, symbol="b"),
        ),
        paper="Loshchilov & Hutter 2019, https://arxiv.org/abs/1711.05101",
        watch="Weight norms stop growing (the inside of the network); the effect on a short run is small.",
        group="weights",
    ),
    Regularizer(
        name="crop",
        title="Random crop",
        summary="Pads each training picture with zeros and cuts it back to its size at a random place.",
        params=(
            Param(name="padding", title="Padding", summary="Largest shift to each side.", kind="int", default=2,
                  low=0, high=16, step=1, unit="pixels", symbol="px", steerable=True),
        ),
        sites=("input",),
        paper="He et al. 2015, section 4.2, https://arxiv.org/abs/1512.03385",
        watch="Training batches get harder, so their accuracy lags; the clean gap narrows.",
        group="augmentation",
        kinds=("image",),
    ),
    Regularizer(
        name="flip",
        title="Horizontal flip",
        summary="Mirrors each training picture left to right with probability p.",
        params=(
            Param(name="p", title="Probability", summary="Share of pictures that are mirrored.", kind="float",
                  default=0.5, low=0.0, high=1.0, step=0.05, symbol="p", steerable=True),
        ),
        sites=("input",),
        paper="Krizhevsky et al. 2012, section 4.1, "
              "https://papers.nips.cc/paper/4824-imagenet-classification-with-deep-convolutional-neural-networks",
        watch="Accuracy on mirrored test pictures: without it the network has never seen a shoe that faces right.",
        group="augmentation",
        kinds=("image",),
    ),
    Regularizer(
        name="affine",
        title="Affine",
        summary="Rotates, moves and scales each training picture by a small random amount.",
        params=(
            Param(name="degrees", title="Rotation", summary="Drawn uniformly from +-degrees.", kind="float",
                  default=8.0, low=0.0, high=180.0, step=1.0, unit="degrees", symbol="±°", steerable=True),
            Param(name="translate", title="Translation", summary="Drawn uniformly from +-share of the side.",
                  kind="float", default=0.08, low=0.0, high=0.5, step=0.01, unit="of the side", symbol="±t",
                  steerable=True),
            Param(name="scale", title="Scale", summary="Factor drawn uniformly from 1 +- scale.", kind="float",
                  default=0.0, low=0.0, high=0.9, step=0.05, symbol="±s", steerable=True),
        ),
        sites=("input",),
        paper="Simard et al. 2003 (distorted copies of the training pictures), "
              "https://doi.org/10.1109/ICDAR.2003.1227801",
        watch="The gap on a shifted test set.",
        group="augmentation",
        kinds=("image",),
    ),
)  # fmt: skip

REGULARIZERS: dict[str, Regularizer] = {
    record.name: record
    for group in get_args(Group)
    for record in (*_ALL, *LAYERS, *WEIGHTS, *AUGMENTATION, *TARGETS, *OPTIMIZATION)
    if record.group == group
}
