"""Augmentation of pictures: motions, colours, erased boxes and automatic policies."""

from __future__ import annotations

from regtui.catalog.records import Param, Regularizer


def _share(summary: str, default: float) -> Param:
    return Param(name="p", title="Probability", summary=summary, kind="float", default=default, low=0.0, high=1.0,
                 step=0.05, symbol="p", steerable=True)  # fmt: skip


def _jitter(name: str, title: str, symbol: str, default: float) -> Param:
    return Param(name=name, title=title, summary="Factor drawn uniformly from 1 +- this.", kind="float",
                 default=default, low=0.0, high=1.0, step=0.05, symbol=symbol, steerable=True)  # fmt: skip


AUGMENTATION = (
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
    Regularizer(
        name="vertical_flip",
        title="Vertical flip",
        summary="Turns each training picture upside down, as in a mirror, with probability p.",
        params=(_share("Share of pictures that are flipped.", 0.5),),
        sites=("input",),
        paper="Shorten & Khoshgoftaar 2019, https://doi.org/10.1186/s40537-019-0197-0",
        watch="It helps only where up and down mean nothing: satellite pictures, cells; not clothes.",
        group="augmentation",
        kinds=("image",),
    ),
    Regularizer(
        name="rotation",
        title="Rotation",
        summary="Rotates each training picture by an angle drawn from +-degrees.",
        params=(
            Param(name="degrees", title="Angle", summary="Drawn uniformly from +-degrees.", kind="float",
                  default=10.0, low=0.0, high=180.0, step=5.0, unit="degrees", symbol="±°", steerable=True),
        ),
        sites=("input",),
        paper="Shorten & Khoshgoftaar 2019, https://doi.org/10.1186/s40537-019-0197-0",
        watch="The gap on a rotated test set; at 180 degrees a 6 becomes a 9.",
        group="augmentation",
        kinds=("image",),
    ),
    Regularizer(
        name="color_jitter",
        title="Colour jitter",
        summary="Changes brightness, contrast, saturation and hue of each training picture; on gray the first two.",
        params=(
            _jitter("brightness", "Brightness", "br", 0.3),
            _jitter("contrast", "Contrast", "co", 0.3),
            _jitter("saturation", "Saturation", "sa", 0.3),
            Param(name="hue", title="Hue", summary="Turn drawn uniformly from +-this of the colour wheel.",
                  kind="float", default=0.05, low=0.0, high=0.5, step=0.05, unit="turns", symbol="hu",
                  steerable=True),
        ),
        sites=("input",),
        paper="Howard 2013, https://arxiv.org/abs/1312.5402; torchvision.transforms.v2.ColorJitter",
        watch="Accuracy under other light; little on pictures that were all taken alike.",
        group="augmentation",
        kinds=("image",),
    ),
    Regularizer(
        name="random_erasing",
        title="Random erasing",
        summary="Blanks one random box in each training picture with probability p.",
        params=(
            _share("Share of pictures with a box.", 0.25),
            Param(name="largest", title="Largest box", summary="The box takes from 0.02 to this of the picture.",
                  kind="float", default=0.33, low=0.02, high=0.9, step=0.05, unit="of the area", symbol="a",
                  steerable=True),
            Param(name="fill", title="Fill", summary="black, or noise: each pixel drawn uniformly.", kind="choice",
                  default="black", choices=("black", "noise"), symbol="fi"),
        ),
        sites=("input",),
        paper="Zhong et al. 2020, https://arxiv.org/abs/1708.04896",
        watch="The network must not rest on one part of the object; the clean gap narrows.",
        group="augmentation",
        kinds=("image",),
    ),
    Regularizer(
        name="gaussian_noise",
        title="Gaussian noise",
        summary="Adds noise of its own to every pixel of a training picture.",
        params=(
            Param(name="std", title="Deviation", summary="Standard deviation of the noise; black to white is 1.",
                  kind="float", default=0.1, low=0.0, high=2.0, step=0.05, unit="of black to white", symbol="σ",
                  steerable=True),
        ),
        sites=("input",),
        paper="Bishop 1995, https://doi.org/10.1162/neco.1995.7.1.108",
        watch="It acts like a penalty on steep functions; much of it drowns fine detail.",
        group="augmentation",
        kinds=("image",),
    ),
    Regularizer(
        name="randaugment",
        title="RandAugment",
        summary="Applies `number` of 14 operations, drawn for each training picture, all with one magnitude.",
        params=(
            Param(name="magnitude", title="Magnitude", summary="Strength of every operation.", kind="int", default=9,
                  low=0, high=30, step=1, unit="of 31 steps", symbol="M", steerable=True),
            Param(name="number", title="Number", summary="Operations one after the other.", kind="int", default=2,
                  low=0, high=8, step=1, unit="operations", symbol="N"),
            _share("Share of pictures that are changed.", 1.0),
        ),
        sites=("input",),
        paper="Cubuk et al. 2020, https://arxiv.org/abs/1909.13719",
        watch="Test accuracy over magnitude rises and falls again: that is the search it leaves you.",
        group="augmentation",
        kinds=("image",),
    ),
    Regularizer(
        name="trivialaugment",
        title="TrivialAugment",
        summary="Applies one of 14 operations to each training picture, both it and its strength drawn anew.",
        params=(_share("Share of pictures that are changed.", 1.0),),
        sites=("input",),
        paper="Müller & Hutter 2021, https://arxiv.org/abs/2103.10158",
        watch="RandAugment's accuracy without a search for its magnitude.",
        group="augmentation",
        kinds=("image",),
    ),
    Regularizer(
        name="augmix",
        title="AugMix",
        summary="Blends each training picture with a mix of three chains of one to three operations.",
        params=(
            Param(name="severity", title="Severity", summary="Each operation draws its strength below this.",
                  kind="int", default=3, low=1, high=10, step=1, unit="of 10 steps", symbol="S", steerable=True),
            _share("Share of pictures that are changed.", 1.0),
        ),
        sites=("input",),
        paper="Hendrycks et al. 2020, https://arxiv.org/abs/1912.02781 (the mixing, without its consistency loss)",
        watch="Accuracy on shifted test pictures rather than on clean ones.",
        group="augmentation",
        kinds=("image",),
    ),
)  # fmt: skip
