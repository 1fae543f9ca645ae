"""From a model spec to a network with places for a stack."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from regtui.catalog import MODELS
from regtui.engine.models import adopting, hub, pretrained
from regtui.engine.models.bagged_cnn import BaggedCnn
from regtui.engine.models.cnn import Cnn
from regtui.engine.models.huggingface import HfEncoder
from regtui.engine.models.initialize import initialize
from regtui.engine.models.mbconv import MbConv
from regtui.engine.models.mlp import Mlp
from regtui.engine.models.plain_deep import PlainDeep
from regtui.engine.models.resnet import ResNet
from regtui.engine.models.sites import Place, SiteModel, Standardize
from regtui.engine.models.transformer import Gpt
from regtui.engine.models.vision import EfficientNetB0, ResNet18, ResNet50
from regtui.engine.text import TextData, Vocabulary
from regtui.spec import ModelSpec

if TYPE_CHECKING:
    from regtui.engine.splits import TaskData

__all__ = ["BUILDERS", "Place", "SiteModel", "Standardize", "build", "initialize", "vocabulary"]

BUILDERS: dict[str, Callable[..., SiteModel]] = {
    "mlp": Mlp,
    "cnn": Cnn,
    "bagged_cnn": BaggedCnn,
    "plain_deep": PlainDeep,
    "resnet": ResNet,
    "mbconv": MbConv,
    "resnet18": ResNet18,
    "resnet50": ResNet50,
    "efficientnet_b0": EfficientNetB0,
    "bert": pretrained.bert,
    "gpt": Gpt,
    "hf_encoder": HfEncoder,
}
"""One builder for every model of the catalog, called with the task and the record's parameters by name."""


def vocabulary(spec: ModelSpec) -> Vocabulary | None:
    """The words that a model has been pretrained with; None where it takes those of the training split.

    Raises ValueError for a checkpoint that cannot be had.
    """
    if spec.name == "hf_encoder":
        return hub.pretrained(str(spec.params["checkpoint"])).words
    return pretrained.checkpoint().vocabulary if spec.params.get("weights") == "pretrained" else None


def build(spec: ModelSpec, task: TaskData) -> SiteModel:
    """The model on the device of the task, its places still empty. Build the stack next, then `initialize`.

    Raises ValueError for an unknown name, for texts where the model takes pictures or the other way round, and for
    pictures that are too small for it.
    """
    if ":" in spec.name:
        return adopting.build(spec, task)
    if spec.name not in BUILDERS:
        raise ValueError(f"no model is named {spec.name!r}; there are {', '.join(BUILDERS)}")
    kind = "text" if isinstance(task, TextData) else "image"
    if kind not in MODELS[spec.name].inputs:
        raise ValueError(f"the model {spec.name} takes {' or '.join(MODELS[spec.name].inputs)}, the data are {kind}")
    return BUILDERS[spec.name](task, **spec.params).to(task.train.inputs.device)
