"""The scenarios that ship with regtui, and how a name on the command line finds one."""

from __future__ import annotations

import os
from pathlib import Path
from typing import get_args

from regtui.paths import scenarios_dir
from regtui.scenario.errors import Problem, ScenarioError, nearest
from regtui.scenario.load import load
from regtui.scenario.schema import Scenario, Section

SECTIONS: tuple[str, ...] = get_args(Section)
"""In the order of the lesson."""

ORDER: dict[str, tuple[str, ...]] = {
    "overfitting": ("ladder", "random-labels", "when-to-stop", "data-or-size"),
    "dropout": ("how-much", "train-or-eval", "ensemble", "variants", "transformer"),
    "batchnorm": ("deep", "higher-lr", "running-statistics", "batch-size", "with-dropout", "normal", "devices"),
    "layernorm": ("variable-length", "which-norm-cnn", "which-norm-transformer", "pre-or-post", "warm-up"),
    "augmentation": ("one-way", "label-preserving", "training-only", "mixup-cutmix", "how-strong", "text"),
    "recipes": (
        "convnets", "transformers", "imagenet-stack", "fine-tuning", "decay", "decay-where",
        "convnets-gpu", "transformers-gpu", "imagenet-stack-gpu",
    ),
    "review": ("dropout-with-bn", "pre-or-post-deep", "without-search", "free", "free-text"),
}  # fmt: skip
"""The lesson's order within a section; files that are not named here follow by name."""


def preset_files() -> list[Path]:
    """All presets in the order of the lesson."""
    root = scenarios_dir()
    return sorted(root.glob("*/*.toml"), key=_place)


def read_presets() -> tuple[list[tuple[Path, Scenario]], list[str]]:
    """The presets in the order of the lesson, and a sentence for each file that cannot be used."""
    good: list[tuple[Path, Scenario]] = []
    bad: list[str] = []
    for path in preset_files():
        try:
            good.append((path, load(path)))
        except ScenarioError as error:
            bad.append(str(error).splitlines()[0])
    return good, bad


def preset_id(path: Path) -> str:
    """overfitting/ladder"""
    return f"{path.parent.name}/{path.stem}"


def find(name: str) -> Path:
    """The file of a scenario: a path, `overfitting/ladder`, or `ladder` where that is unique. Raises ScenarioError."""
    presets = {preset_id(path): path for path in preset_files()}
    if name in presets:
        return presets[name]
    by_stem = [path for path in presets.values() if path.stem == name]
    if len(by_stem) == 1:
        return by_stem[0]
    path = Path(name)
    if path.suffix == ".toml" or os.path.exists(path):  # noqa: PTH110  # Path.exists raises for a name that is too long
        return path
    if len(by_stem) > 1:
        several = ", ".join(preset_id(path) for path in by_stem)
        raise ScenarioError(name, [Problem("", f"names more than one scenario: {several}")])
    known = [*(path.stem for path in presets.values()), *presets]
    is_toml = os.path.isfile(f"{name}.toml")  # noqa: PTH113  # as above
    hint = f'; did you mean "{name}.toml"?' if is_toml else nearest(name, known)
    raise ScenarioError(name, [Problem("", f"is neither a preset nor a file{hint}")])


def _place(path: Path) -> tuple[int, int, str]:
    section = path.parent.name
    names = ORDER.get(section, ())
    return (
        SECTIONS.index(section) if section in SECTIONS else len(SECTIONS),
        names.index(path.stem) if path.stem in names else len(names),
        path.stem,
    )
