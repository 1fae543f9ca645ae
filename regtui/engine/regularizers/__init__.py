"""From the entries of a stack to regularizers that act."""

from __future__ import annotations

from regtui.catalog import REGULARIZERS
from regtui.engine.randomness import Randomness
from regtui.engine.regularizers.base import Batch, Regularizer
from regtui.engine.regularizers.batchnorm import BatchNorm
from regtui.engine.regularizers.dropout import Dropout
from regtui.engine.regularizers.geometric import Affine, Crop, Flip
from regtui.engine.regularizers.samplenorms import GroupNorm, InstanceNorm, LayerNorm, RmsNorm
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
    "layernorm": LayerNorm,
    "rmsnorm": RmsNorm,
    "groupnorm": GroupNorm,
    "instancenorm": InstanceNorm,
    "weight_decay": WeightDecay,
    "crop": Crop,
    "flip": Flip,
    "affine": Affine,
    "synonym_replacement": SynonymReplacement,
    "synonym_insertion": SynonymInsertion,
    "word_swap": WordSwap,
    "word_deletion": WordDeletion,
    "token_masking": TokenMasking,
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
