"""What a model of the user's own is, before anything is trained with it."""

from __future__ import annotations

import copy
from typing import get_args

import torch
from torch import nn

from regtui.catalog import Site
from regtui.commands import Probe
from regtui.engine import datasets
from regtui.engine.models import factories
from regtui.engine.models.adopted import Adopted
from regtui.engine.models.adopting import build
from regtui.engine.models.exchange import listed
from regtui.engine.randomness import CPU, Randomness
from regtui.engine.tasks import ImageData
from regtui.engine.told import told, what
from regtui.events import Inspected
from regtui.own.models import is_library

WHOLE = (nn.MultiheadAttention, nn.RNNBase)
"""Layers with a dropout of their own that no module can stand in for."""


def inspect(probe: Probe) -> Inspected:
    """Build the model of the probe's spec for its data and say what a stack can do with it.

    Raises ValueError, with a sentence for people, for a model that cannot be built or not be trained.
    """
    spec = probe.spec
    task = datasets.load(spec.data, Randomness(spec.seed, CPU))
    model = build(spec.model, task)
    sites = {place.site for place in model.places()}
    notes = list(model.notes)
    if not any(parameter.requires_grad for parameter in model.parameters()):
        raise ValueError("the model has no parameter that takes a gradient; there is nothing to train")
    output, draws = _trained_pass(model, task.clean.inputs[:2], with_aux=is_library(spec.model.name))
    if bool((output >= 0).all()) and torch.allclose(output.sum(1), torch.ones(len(output)), atol=1e-5):
        notes.append(
            "it gives probabilities, as it seems: each row sums to 1; a run takes logits, and their softmax belongs to "
            "the loss: leave that of the model out, with both it hardly learns"
        )
    if draws:
        inside = [path for path, module in model.net.named_modules() if isinstance(module, WHOLE) and module.dropout]
        what = f"the dropout inside {listed(inside)}" if inside else "a functional dropout, say"
        notes.append(
            f"in training it draws random numbers that no stack controls ({what}): a run repeats, but its draws are "
            "not those of the other arms"
        )
    return Inspected(
        ask=probe.ask,
        sites=[site for site in get_args(Site) if site in sites],
        stack=model.own,
        notes=notes,
        parameters=sum(parameter.numel() for parameter in model.parameters()),
        content=factories.digest(spec.model.name),
        kind="image" if isinstance(task, ImageData) else "text",
    )


def _trained_pass(model: Adopted, inputs: torch.Tensor, *, with_aux: bool) -> tuple[torch.Tensor, bool]:
    """What a pass in train mode gives, and whether it draws from the generator of the process.

    Raises ValueError where it fails or gives no tensor.

    with_aux  the model is one of a library, whose auxiliary outputs can be switched off
    """
    trained = copy.deepcopy(model).train()
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        before = torch.get_rng_state()
        try:
            output = trained(inputs)
        except Exception as error:  # what the network of somebody else raises
            raise ValueError(f"the model cannot be trained on these samples: {told(error)}") from error
        if not isinstance(output, torch.Tensor):
            how = "--set model.aux_logits=false switches auxiliary outputs off" if with_aux else (
                "let its forward return that alone in train mode too")  # fmt: skip
            raise ValueError(f"in train mode the model gives {what(output)}; a run takes one tensor of logits: {how}")
        return output, not torch.equal(before, torch.get_rng_state())
