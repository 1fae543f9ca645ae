"""What to try next for an arm: entries of the catalog that it does not have and that its model and data can take."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

import msgspec

from regtui.catalog import MODELS, REGULARIZERS
from regtui.catalog.norms import NORMS
from regtui.scenario import Arm
from regtui.spec import RunSpec

Made = Arm | RunSpec
"""What was trained, of a scenario or by somebody else's loop: its data, model, training and stack."""

Matter = Literal["overfitting", "underfitting", "over- and underfitting", "diverged", "fine"]

MOST = 2
"""Entries that are named: a longer list is no advice."""

_NORMS = tuple(record.name for record in NORMS)

_FAMILIES: tuple[tuple[str, ...], ...] = (
    _NORMS,
    ("trivialaugment", "randaugment", "augmix"),
    ("mixup", "cutmix", "mixup_cutmix"),
    ("weight_decay", "l2"),
    ("ema", "swa"),
    ("synonym_replacement", "synonym_insertion"),
)
"""Entries that do the same in other ways: where one is, another one is no new idea."""

_AGAINST_NOISE = ("early_stopping", "mixup")
"""Redrawn labels are learned last (Arpit et al. 2017, https://arxiv.org/abs/1706.05394), and blends of two samples make
them harder to learn by heart (Zhang et al. 2018, section 3.4)."""

_MORE_VIEWS = ("crop", "trivialaugment", "token_masking", "synonym_replacement", "randaugment", "augmix")
"""Against overfitting more views of the data come first: in the presets nothing else narrows the gap as much."""

_OTHERWISE = ("dropout", "weight_decay", "mixup", "label_smoothing", "stochastic_depth", "early_stopping")
"""The other ways, of which one is named beside them."""

_LITTLE_COST = ("ema", "label_smoothing", "swa")
"""What may add a little where nothing is wrong; training is what it was, or nearly."""

_HARDER = ("augmentation", "layers", "targets", "weights")
"""Groups of the catalog that make the training set harder to fit, the strongest first."""


class Cure(msgspec.Struct, frozen=True):
    """What to try next."""

    sentence: str
    entries: tuple[str, ...] = ()
    """Names of the catalog that the sentence speaks of; none of them is in the arm's stack."""


def remedy(matter: Matter, arm: Made, *, is_falling: bool, is_guessing: bool) -> Cure:
    """What to try next.

    is_falling   the held-out loss still falls at the end
    is_guessing  the arm has not learned anything
    """
    match matter:
        case "overfitting":
            views = [name for name in _views(arm) if can_take(arm, name)][:1]
            others = [name for name in _OTHERWISE if can_take(arm, name) and name not in views]
            return _try([*views, *others], else_say="More training samples, or a smaller model.")
        case "underfitting":
            return _for_more_fit(arm, is_falling=is_falling, is_guessing=is_guessing)
        case "over- and underfitting":
            fit = _for_more_fit(arm, is_falling=is_falling, is_guessing=is_guessing)
            gap = remedy("overfitting", arm, is_falling=is_falling, is_guessing=is_guessing).entries[:1]
            if not gap or len(fit.entries) == MOST:
                return fit
            return Cure(f"{fit.sentence} Against the gap: {REGULARIZERS[gap[0]].title}.", (*fit.entries, *gap))
        case "diverged":
            entries = [name for name in ("gradient_clipping", *_norms(arm)) if can_take(arm, name)]
            return _try(entries, first="a lower learning rate", else_say="Try a lower learning rate.")
        case "fine":
            return _try([name for name in _LITTLE_COST if can_take(arm, name)], else_say="Nothing is missing.")


def can_take(arm: Made, name: str) -> bool:
    """Whether an entry of the catalog would be new to the arm, and there is a place and use for it."""
    record, model = REGULARIZERS[name], MODELS.get(arm.model.name)
    present = {entry.name for entry in arm.stack}
    if model is None:
        return _suits_any(name, arm)
    if name in present or not set(record.kinds) & set(model.inputs):
        return False
    if record.sites and not set(record.sites) & set(model.sites):
        return False
    if any(name in family and present & set(family) for family in _FAMILIES):
        return False
    if name == "batchnorm" and arm.train.batch_size == 1:
        return False
    return not record.needs_validation or arm.data.validation > 0


def _suits_any(name: str, arm: Made) -> bool:
    """Whether an entry makes sense for a model that the catalog does not know, by what its record says is inside."""
    inside = {"dropouts": ("dropout", "dropout2d", "dropblock"), "norms": _NORMS}
    if any(key in arm.model.params and name in names for key, names in inside.items()):
        return False
    return set(REGULARIZERS[name].kinds) == {"image", "text"}


def _views(arm: Made) -> Iterator[str]:
    """Kinds of augmentation, those first that make what the test samples are known to be."""
    if arm.data.label_noise:
        yield from _AGAINST_NOISE
    if arm.data.test_shift.mirror:
        yield "flip"
    if arm.data.test_shift.degrees or arm.data.test_shift.translate:
        yield "affine"
    yield from _MORE_VIEWS


def _norms(arm: Made) -> tuple[str, ...]:
    """Norms that suit the data, the usual one first."""
    model = MODELS.get(arm.model.name)
    return ("layernorm",) if model is not None and "text" in model.inputs else ("batchnorm", "groupnorm")


def _for_more_fit(arm: Made, *, is_falling: bool, is_guessing: bool) -> Cure:
    """A norm where there is none; else more time, less of what holds it back, or a larger model."""
    norm = [name for name in _norms(arm) if can_take(arm, name)][:1]
    if is_guessing:
        entries = [*norm, *(name for name in ("gradient_clipping",) if can_take(arm, name))]
        return _try(entries, first="another learning rate", else_say="Try another learning rate.")
    if is_falling:
        return _try(norm, first="more epochs", else_say="Try more epochs.")
    held_back = sorted(
        (entry for entry in arm.stack if REGULARIZERS[entry.name].group in _HARDER and entry.name not in _NORMS),
        key=lambda entry: _HARDER.index(REGULARIZERS[entry.name].group),
    )
    if held_back:
        return _try(norm, first=f"less {REGULARIZERS[held_back[0].name].title}",
                    else_say=f"Try less {REGULARIZERS[held_back[0].name].title}.")  # fmt: skip
    return _try(norm, first="a larger model", else_say="Try a larger model or more epochs.")


def _try(entries: Sequence[str], *, else_say: str, first: str = "") -> Cure:
    """A sentence that names at most `MOST` entries, after something that is no entry."""
    chosen = tuple(entries[:MOST])
    if not chosen:
        return Cure(else_say)
    things = [*([first] if first else []), *(REGULARIZERS[name].title for name in chosen)]
    listed = " or ".join([", ".join(things[:-1]), things[-1]]) if len(things) > 1 else things[0]
    return Cure(f"Try {listed}.", chosen)
