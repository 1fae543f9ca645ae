"""From the entries of a stack to regularizers that act."""

from __future__ import annotations

from regtui.catalog import REGULARIZERS
from regtui.engine.randomness import Randomness
from regtui.engine.regularizers.augmix import AugMix
from regtui.engine.regularizers.auto_augment import RandAugment, TrivialAugment
from regtui.engine.regularizers.averaging import Ema, Swa
from regtui.engine.regularizers.base import Batch, Regularizer
from regtui.engine.regularizers.batchnorm import BatchNorm
from regtui.engine.regularizers.colour import ColorJitter
from regtui.engine.regularizers.dropblock import DropBlock
from regtui.engine.regularizers.dropout import Dropout
from regtui.engine.regularizers.early_stopping import EarlyStopping
from regtui.engine.regularizers.erasing import RandomErasing
from regtui.engine.regularizers.geometric import Affine, Crop, Flip, Rotation, VerticalFlip
from regtui.engine.regularizers.gradient_clipping import GradientClipping
from regtui.engine.regularizers.label_smoothing import LabelSmoothing
from regtui.engine.regularizers.max_norm import MaxNorm
from regtui.engine.regularizers.mixers import ByTurns, CutMix, MixUp
from regtui.engine.regularizers.noise import GaussianNoise
from regtui.engine.regularizers.penalties import L1, L2
from regtui.engine.regularizers.samplenorms import GroupNorm, InstanceNorm, LayerNorm, RmsNorm
from regtui.engine.regularizers.spatial_dropout import Dropout2d
from regtui.engine.regularizers.split_batchnorm import GhostBatchNorm, SyncBatchNorm
from regtui.engine.regularizers.stochastic_depth import StochasticDepth
from regtui.engine.regularizers.text_augment import (
    SynonymInsertion,
    SynonymReplacement,
    TokenMasking,
    WordDeletion,
    WordSwap,
)
from regtui.engine.regularizers.weight_decay import WeightDecay
from regtui.spec import StackEntry

__all__ = ["BUILDERS", "Batch", "Regularizer", "build"]

BUILDERS: dict[str, type[Regularizer]] = {
    "dropout": Dropout,
    "batchnorm": BatchNorm,
    "ghost_batchnorm": GhostBatchNorm,
    "sync_batchnorm": SyncBatchNorm,
    "layernorm": LayerNorm,
    "rmsnorm": RmsNorm,
    "groupnorm": GroupNorm,
    "instancenorm": InstanceNorm,
    "dropout2d": Dropout2d,
    "dropblock": DropBlock,
    "stochastic_depth": StochasticDepth,
    "weight_decay": WeightDecay,
    "l2": L2,
    "l1": L1,
    "max_norm": MaxNorm,
    "crop": Crop,
    "flip": Flip,
    "affine": Affine,
    "synonym_replacement": SynonymReplacement,
    "synonym_insertion": SynonymInsertion,
    "word_swap": WordSwap,
    "word_deletion": WordDeletion,
    "token_masking": TokenMasking,
    "vertical_flip": VerticalFlip,
    "rotation": Rotation,
    "color_jitter": ColorJitter,
    "random_erasing": RandomErasing,
    "gaussian_noise": GaussianNoise,
    "randaugment": RandAugment,
    "trivialaugment": TrivialAugment,
    "augmix": AugMix,
    "label_smoothing": LabelSmoothing,
    "mixup": MixUp,
    "cutmix": CutMix,
    "mixup_cutmix": ByTurns,
    "gradient_clipping": GradientClipping,
    "ema": Ema,
    "swa": Swa,
    "early_stopping": EarlyStopping,
}
"""One class for every regularizer of the catalog."""


def build(entry: StackEntry, randomness: Randomness) -> Regularizer:
    """The regularizer of an entry. Raises ValueError for an unknown name or a site where it cannot act."""
    if entry.name not in BUILDERS:
        raise ValueError(f"no regularizer is named {entry.name!r}; there are {', '.join(BUILDERS)}")
    sites = REGULARIZERS[entry.name].sites
    if entry.where not in (sites or ("",)):
        allowed = " or ".join(sites) if sites else "no site: it acts on the whole run"
        raise ValueError(f"{entry.name} cannot act at {entry.where!r}; allowed is {allowed}")
    return BUILDERS[entry.name](entry, randomness)
