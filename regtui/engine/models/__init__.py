"""From a model spec to a network with places for a stack."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from regtui.engine.models.cnn import Cnn
from regtui.engine.models.initialize import initialize
from regtui.engine.models.mlp import Mlp
from regtui.engine.models.sites import Place, SiteModel, Standardize
from regtui.spec import ModelSpec

if TYPE_CHECKING:
    from regtui.engine.datasets import TaskData

__all__ = ["BUILDERS", "Place", "SiteModel", "Standardize", "build", "initialize"]

BUILDERS: dict[str, Callable[..., SiteModel]] = {"mlp": Mlp, "cnn": Cnn}
"""One class for every model of the catalog, called with the task and the record's parameters by name."""


def build(spec: ModelSpec, task: TaskData) -> SiteModel:
    """The model on the device of the task, its places still empty. Build the stack next, then `initialize`.

    Raises ValueError for an unknown name or for pictures that the model cannot take.
    """
    if spec.name not in BUILDERS:
        raise ValueError(f"no model is named {spec.name!r}; there are {', '.join(BUILDERS)}")
    return BUILDERS[spec.name](task, **spec.params).to(task.train.inputs.device)
