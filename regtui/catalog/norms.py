"""Norms: what they average over is what tells them apart."""

from __future__ import annotations

from regtui.catalog.records import Param, Regularizer, Site

_NORM_SITES: tuple[Site, ...] = (
    "conv", "norm", "linear", "activation", "residual", "block", "input", "head",
)  # fmt: skip
_MOMENTUM = Param(name="momentum", title="Momentum",
                  summary="Share of the new batch in the running averages; in Keras it is that of the old ones.",
                  kind="float", default=0.1, low=0.0, high=1.0, step=0.01, symbol="m")  # fmt: skip
_EPS = Param(name="eps", title="Epsilon", summary="Added to the variance before its root is taken.", kind="float",
             default=1e-5, low=1e-8, high=1.0, step=1e-5, symbol="ε")  # fmt: skip

NORMS = (
    Regularizer(
        name="batchnorm",
        title="BatchNorm",
        summary="Normalizes each channel with the batch's mean and variance; evaluation uses running averages.",
        params=(
            _MOMENTUM,
            _EPS,
            Param(name="statistics", title="Statistics",
                  summary="What evaluation uses: running averages with momentum, the mean over all batches so far "
                          "(cumulative), or those of the evaluation batch itself.",
                  kind="choice", default="running", choices=("running", "cumulative", "batch"), symbol="st"),
            Param(name="frozen_after", title="Frozen after",
                  summary="Part of the epochs after which training too normalizes with the running averages, which "
                          "then stay (Wu & Johnson 2021, https://arxiv.org/abs/2105.07576).",
                  kind="float", default=1.0, low=0.0, high=1.0, step=0.1, unit="of the run", symbol="fr"),
            Param(name="mask", title="Padding mask", summary="Leave the padding of texts out of the statistics.",
                  kind="bool", default=True, symbol="pm", kinds=("text",)),
        ),
        sites=_NORM_SITES,
        paper="Ioffe & Szegedy 2015, https://arxiv.org/abs/1502.03167",
        watch="Running mean and variance chase the batch's; training gets faster and bears higher learning rates.",
        group="layers",
    ),
    Regularizer(
        name="ghost_batchnorm",
        title="Ghost BatchNorm",
        summary="BatchNorm of each of some equal parts of the batch by itself, as devices that share a batch do it.",
        params=(
            Param(name="parts", title="Parts", summary="Equal parts of the batch, or devices; 1 is BatchNorm.",
                  kind="int", default=2, low=1, high=64, step=1, symbol="d"),
            _MOMENTUM,
            _EPS,
        ),
        sites=_NORM_SITES,
        paper="Hoffer, Hubara & Soudry 2017, https://arxiv.org/abs/1705.08741",
        watch="The batch's curves are those of the first part, which alone enters the running ones: they jump further.",
        group="layers",
    ),
    Regularizer(
        name="sync_batchnorm",
        title="SyncBatchNorm",
        summary="BatchNorm over the whole batch also where several devices share it; on one device BatchNorm.",
        params=(_MOMENTUM, _EPS),
        sites=_NORM_SITES,
        paper="Peng et al. 2018, MegDet, https://arxiv.org/abs/1711.07240",
        watch="However many devices share the batch, the loss is that of one.",
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
        name="groupnorm",
        title="GroupNorm",
        summary="Normalizes each sample by itself over groups of channels.",
        params=(
            Param(name="groups", title="Groups", summary="Equal parts of the channels; 1 is LayerNorm.", kind="int",
                  default=2, low=1, high=64, step=1, symbol="g"),
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
        name="rmsnorm",
        title="RMSNorm",
        summary="LayerNorm that does not subtract the mean: divides by the root of the mean square.",
        params=(_EPS,),
        sites=_NORM_SITES,
        paper="Zhang & Sennrich 2019, https://arxiv.org/abs/1910.07467",
        watch="What LayerNorm does, with half its parameters and a little faster.",
        group="layers",
    ),
)  # fmt: skip
