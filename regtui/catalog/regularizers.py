"""Regularizers, in the order in which the stack pane offers them."""

from __future__ import annotations

from regtui.catalog.records import Param, Regularizer, Site

_NORM_SITES: tuple[Site, ...] = (
    "norm", "conv", "linear", "activation", "residual", "block", "input", "head",
)  # fmt: skip
_EPS = Param(name="eps", title="Epsilon", summary="Added to the variance before its root is taken.", kind="float",
             default=1e-5, low=1e-8, high=1.0, step=1e-5, symbol="ε")  # fmt: skip

_ALL = (
    Regularizer(
        name="dropout",
        title="Dropout",
        summary="Blanks each unit with probability p while training and scales the others by 1/(1-p).",
        params=(
            Param(name="p", title="Probability", summary="Share of units blanked in a training step.", kind="float",
                  default=0.3, low=0.0, high=1.0, open_high=True, step=0.05, symbol="p", steerable=True),
        ),
        sites=("residual", "block", "activation", "head", "input", "attention"),
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
            Param(name="statistics", title="Statistics",
                  summary="What evaluation uses: running averages with momentum, the mean over all batches so far "
                          "(cumulative), or those of the evaluation batch itself.",
                  kind="choice", default="running", choices=("running", "cumulative", "batch"), symbol="st"),
            Param(name="frozen_after", title="Frozen after",
                  summary="Part of the epochs after which training too normalizes with the running averages, which then "
                          "stay as they are (Wu & Johnson 2021, https://arxiv.org/abs/2105.07576).",
                  kind="float", default=1.0, low=0.0, high=1.0, step=0.1, unit="of the run", symbol="fr"),
            Param(name="mask", title="Padding mask", summary="Leave the padding of texts out of the statistics.",
                  kind="bool", default=True, symbol="pm"),
        ),
        sites=_NORM_SITES,
        paper="Ioffe & Szegedy 2015, https://arxiv.org/abs/1502.03167",
        watch="Running mean and variance chase the batch's; training gets faster and bears higher learning rates.",
        group="layers",
    ),
    Regularizer(
        name="layernorm",
        title="LayerNorm",
        summary="Normalizes each sample by itself over all its channels; each word of a text over its features.",
        params=(_EPS,),
        sites=_NORM_SITES,
        paper="Ba, Kiros & Hinton 2016, https://arxiv.org/abs/1607.06450",
        watch="The same output in training and evaluation, whatever else is in the batch.",
        group="layers",
    ),
    Regularizer(
        name="rmsnorm",
        title="RMSNorm",
        summary="LayerNorm that does not subtract the mean: divides by the root of the mean square.",
        params=(_EPS,),
        sites=_NORM_SITES,
        paper="Zhang & Sennrich 2019, https://arxiv.org/abs/1910.07467",
        watch="What LayerNorm does, with half its parameters and a little faster.",
        group="layers",
    ),
    Regularizer(
        name="groupnorm",
        title="GroupNorm",
        summary="Normalizes each sample by itself over groups of channels.",
        params=(
            Param(name="groups", title="Groups", summary="Equal parts of the channels; 1 is LayerNorm.", kind="int",
                  default=4, low=1, high=64, step=1, symbol="g"),
            _EPS,
        ),
        sites=_NORM_SITES,
        paper="Wu & He 2018, https://arxiv.org/abs/1803.08494",
        watch="With small batches it keeps what BatchNorm loses.",
        group="layers",
    ),
    Regularizer(
        name="instancenorm",
        title="InstanceNorm",
        summary="Normalizes each channel of each picture by itself, which takes out its contrast.",
        params=(_EPS,),
        sites=("conv", "activation", "residual", "block", "input"),
        paper="Ulyanov, Vedaldi & Lempitsky 2016, https://arxiv.org/abs/1607.08022",
        watch="What brightness and contrast told the network is gone; on plain classification that costs accuracy.",
        group="layers",
        kinds=("image",),
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

REGULARIZERS: dict[str, Regularizer] = {record.name: record for record in _ALL}
