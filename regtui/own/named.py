"""Models that are code and that this process's own command line has named: the only ones that a file may name too."""

from __future__ import annotations

import shlex
from collections.abc import Mapping

from regtui.spec import ModelSpec, Scalar

NAMED: dict[str, ModelSpec] = {}
"""By name: the model with the arguments of its factory, as --model and --set give them."""


def is_code(name: str) -> bool:
    """Whether a model's name is that of code outside of regtui."""
    return ":" in name


def model_words(name: str, params: Mapping[str, Scalar]) -> list[str]:
    """How a command line names the model."""
    settings = [word for key, value in params.items() for word in ("--set", f"model.{key}={_written(value)}")]
    return ["--model", name, *settings]


def model_options(model: ModelSpec) -> str:
    """The same for a shell, with a space before it; "" for a model of the catalog."""
    return f" {shlex.join(model_words(model.name, model.params))}" if is_code(model.name) else ""


def _written(value: Scalar) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
