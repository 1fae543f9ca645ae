"""Regularizers of the targets: labels made soft, and samples mixed together with their labels."""

from __future__ import annotations

from regtui.catalog.records import Param, Regularizer


def _share(default: float = 1.0) -> Param:
    return Param(name="p", title="Probability", summary="Share of pictures that are mixed.", kind="float",
                 default=default, low=0.0, high=1.0, step=0.05, symbol="p", steerable=True)  # fmt: skip


def _alpha(name: str, title: str, default: float) -> Param:
    return Param(name=name, title=title, summary="Beta(alpha, alpha) gives each picture's share: near 0 hardly mixed, "
                 "1 any share alike, above 1 about halves.", kind="float", default=default, low=0.0, high=10.0,
                 step=0.1, symbol="α", steerable=True)  # fmt: skip


_OFF_LAST = Param(
    name="off_last",
    title="Off for the last",
    summary="Share of the epochs, at the end, that train on unmixed pictures.",
    kind="float",
    default=0.0,
    low=0.0,
    high=1.0,
    step=0.05,
    unit="of the epochs",
    symbol="of",
)

TARGETS = (
    Regularizer(
        name="label_smoothing",
        title="Label smoothing",
        summary="Gives the share epsilon of every target evenly to all classes.",
        params=(
            Param(name="epsilon", title="Epsilon", summary="Share of the target that is spread.", kind="float",
                  default=0.1, low=0.0, high=1.0, step=0.05, symbol="ε", steerable=True),
        ),
        paper="Szegedy et al. 2016, section 7, https://arxiv.org/abs/1512.00567",
        watch="The training loss no longer goes to 0: the network stops short of full confidence.",
        group="targets",
    ),
    Regularizer(
        name="mixup",
        title="MixUp",
        summary="Trains on blends of two pictures, with their labels blended alike.",
        params=(_alpha("alpha", "Alpha", 0.2), _share(), _OFF_LAST),
        sites=("input",),
        paper="Zhang et al. 2018, https://arxiv.org/abs/1710.09412",
        watch="The accuracy of the training batches falls; with few pictures the test accuracy may fall as well.",
        group="targets",
        kinds=("image",),
    ),
    Regularizer(
        name="cutmix",
        title="CutMix",
        summary="Pastes a box of one picture into another, with the labels shared by area.",
        params=(_alpha("alpha", "Alpha", 1.0), _share(0.5), _OFF_LAST),
        sites=("input",),
        paper="Yun et al. 2019, https://arxiv.org/abs/1905.04899",
        watch="The accuracy of the training batches falls; small objects may be cut away altogether.",
        group="targets",
        kinds=("image",),
    ),
    Regularizer(
        name="mixup_cutmix",
        title="MixUp and CutMix by turns",
        summary="Treats each picture with MixUp or with CutMix, drawn anew each time.",
        params=(
            _alpha("mixup_alpha", "Alpha of MixUp", 0.2),
            _alpha("cutmix_alpha", "Alpha of CutMix", 1.0),
            Param(name="cut", title="CutMix share", summary="Share of the mixed pictures that CutMix takes.",
                  kind="float", default=0.5, low=0.0, high=1.0, step=0.05, symbol="cu", steerable=True),
            _share(),
            _OFF_LAST,
        ),
        sites=("input",),
        paper="MixUp: https://arxiv.org/abs/1710.09412; CutMix: https://arxiv.org/abs/1905.04899; by turns: "
              "torchvision's ImageNet recipe, https://github.com/pytorch/vision/issues/3995",
        watch="As with either of them; with few pictures and few epochs it is often too much.",
        group="targets",
        kinds=("image",),
    ),
)  # fmt: skip
