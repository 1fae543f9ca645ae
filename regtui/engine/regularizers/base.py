"""The hooks of a regularizer. Each one overrides only what it needs, so the loop never asks which they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from regtui.catalog import REGULARIZERS
from regtui.engine.models.sites import SiteModel
from regtui.engine.randomness import Randomness
from regtui.events import Evaluated
from regtui.spec import StackEntry


@dataclass(frozen=True, slots=True)
class Batch:
    """The samples of one training step, on the device."""

    inputs: Tensor
    """(B, C, H, W) float pixels in [0, 1], or (B, L) long token ids."""
    labels: Tensor
    """(B,) long."""
    targets: Tensor | None = None
    """(B, K) float, rows sum to 1; None while every target is its label."""
    classes: int = 0
    """K; must be set where an entry makes soft targets."""
    samples: Tensor | None = None
    """(B,) long, their places in the training split; None for a batch that is not of it."""

    def soft_targets(self) -> Tensor:
        """The targets, (B, K) float; those that are still labels as ones and zeros."""
        if self.targets is not None:
            return self.targets
        # Not F.one_hot, which reads the largest label back to the host.
        return (self.labels[:, None] == torch.arange(self.classes, device=self.labels.device)).float()


def trained_parameters(model: nn.Module, *, everything: bool = True) -> list[Tensor]:
    """The parameters of a model that may be held down.

    everything  False spares biases and norm parameters, all of one dimension

    A network of the user's own may hold some fast (`requires_grad`), a pretrained backbone say. They have no gradient,
    so torch's optimizers neither move nor decay them, and an entry of a stack must not either.
    """
    return [p for p in model.parameters() if p.requires_grad and (everything or p.ndim > 1)]


class Regularizer:
    """Base class: does nothing.

    `numbers` holds every float and int parameter of the entry that can be steered, as a 0-dim tensor on the device; the
    step reads it there, so a change needs no rebuild and no new capture of a graph.
    """

    uncapturable: ClassVar[str] = ""
    """Why no CUDA graph can hold what this entry does in a step, as the end of a sentence ("draws on the host"); such a
    run launches its operations one by one. "" for entries that read nothing back and keep their tensors in place."""

    def __init__(self, entry: StackEntry, randomness: Randomness) -> None:
        self.entry = entry
        self.randomness = randomness
        record = REGULARIZERS[entry.name]
        self.numbers: dict[str, Tensor] = {
            param.name: torch.tensor(float(entry.params[param.name]), device=randomness.device)
            for param in record.params
            if param.steerable
        }

    def generator(self, place: str = "") -> torch.Generator:
        """The generator of this entry, or of one of the places where it acts."""
        return self.randomness.generator(f"{self.entry.key}/{place}" if place else self.entry.key)

    def build(self, model: SiteModel) -> None:
        """Put modules into the places of the model. Called once, before the parameters are initialized."""

    def on_batch(self, batch: Batch) -> Batch:
        """Change the training batch: augment, mix, smooth. Never called in evaluation."""
        return batch

    def penalty(self, model: SiteModel) -> Tensor | None:
        """A 0-dim term to add to the loss."""
        return None

    def on_gradients(self, model: SiteModel, lr: Tensor) -> None:
        """After the backward pass, before the optimizer's step. `lr` is the 0-dim learning rate of this step."""

    def on_step(self, model: SiteModel) -> None:
        """After the optimizer's step."""

    def on_epoch(self, epoch: int, epochs: int) -> None:
        """Before the first step of an epoch; `epoch` counts from 0."""

    def evaluation_model(self, model: SiteModel, clean: Tensor) -> nn.Module:
        """The weights that are evaluated, where they are not the trained ones.

        clean  (N, ...) training samples without augmentation, to measure statistics with
        """
        return model

    def on_evaluated(self, model: nn.Module, evaluated: Evaluated) -> None:
        """After an evaluation; `model` is the one that was evaluated, in eval mode."""

    @property
    def ending(self) -> str:
        """Why the run is to end before its last step, in a sentence; "" while it is not. Asked after evaluations."""
        return ""

    def final_model(self, model: nn.Module) -> nn.Module:
        """The weights that a run ends with, where they are not those that were evaluated last."""
        return model

    @property
    def kept(self) -> str:
        """Which weights `final_model` gave, in a sentence."""
        return ""

    def state(self) -> dict[str, Tensor]:
        """What an exact resume needs beyond parameters, buffers and generators."""
        return {}

    def load_state(self, state: dict[str, Tensor]) -> None:
        """The inverse of `state`."""
