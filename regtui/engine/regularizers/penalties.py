"""Penalties on the size of the weights: terms of the loss, and the step that makes exact zeros.

L2: Hoerl & Kennard 1970, https://doi.org/10.1080/00401706.1970.10488634
L1: Tibshirani 1996, https://doi.org/10.1111/j.2517-6161.1996.tb02080.x
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from regtui.engine.models.sites import SiteModel
from regtui.engine.randomness import Randomness
from regtui.engine.regularizers.base import Regularizer, trained_parameters
from regtui.spec import StackEntry


def half_squares(weights: Sequence[Tensor]) -> Tensor:
    """Half the sum of all squared weights, 0-dim; its gradient is the weights themselves."""
    return torch.cat([weight.flatten() for weight in weights]).square().sum() / 2


def absolute_sum(weights: Sequence[Tensor]) -> Tensor:
    """The sum of all absolute weights, 0-dim; its gradient is their signs, 0 at 0."""
    return torch.cat([weight.flatten() for weight in weights]).abs().sum()


@torch.no_grad()
def shrink_to_zero(weights: Sequence[Tensor], by: Tensor) -> None:
    """Move every weight towards zero, in place and no further than to it.

    by  0-dim, >= 0; 0 changes nothing

    This is the proximal step of the L1 penalty (Duchi & Singer 2009, https://jmlr.org/papers/v10/duchi09a.html).
    """
    for weight in weights:
        weight.copy_(weight.sign() * (weight.abs() - by).clamp(min=0))


class Penalty(Regularizer):
    """Base of the entries that hold weights down.

    Biases and norm parameters, all of one dimension, are spared unless `norms_and_biases` is set.
    """

    def __init__(self, entry: StackEntry, randomness: Randomness) -> None:
        super().__init__(entry, randomness)
        self._weights: list[Tensor] | None = None

    def weights(self, model: SiteModel) -> list[Tensor]:
        """The parameters that are held down."""
        if self._weights is None:  # not in `build`: later entries of the stack still add parameters there
            everything = bool(self.entry.params["norms_and_biases"])
            self._weights = trained_parameters(model, everything=everything)
        return self._weights


class L2(Penalty):
    """strength/2 x the sum of squares, coupled: it passes through the optimizer as in torch.optim.Adam."""

    def penalty(self, model: SiteModel) -> Tensor | None:
        weights = self.weights(model)
        return self.numbers["strength"] * half_squares(weights) if weights else None


class L1(Penalty):
    """strength x the sum of absolute values, or the proximal step that takes its place.

    A term of the loss moves a small weight over zero and back again; with `exact_zeros` it stays there, and the
    strength is decoupled from the optimizer as in weight decay.
    """

    def __init__(self, entry: StackEntry, randomness: Randomness) -> None:
        super().__init__(entry, randomness)
        self._lr = torch.zeros((), device=randomness.device)

    def penalty(self, model: SiteModel) -> Tensor | None:
        weights = self.weights(model)
        if self.entry.params["exact_zeros"] or not weights:
            return None
        return self.numbers["strength"] * absolute_sum(weights)

    def on_gradients(self, model: SiteModel, lr: Tensor) -> None:  # noqa: ARG002
        self._lr = lr

    def on_step(self, model: SiteModel) -> None:
        if self.entry.params["exact_zeros"]:
            shrink_to_zero(self.weights(model), self._lr * self.numbers["strength"])
