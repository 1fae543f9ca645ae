"""Weight decay, decoupled from the gradient (Loshchilov & Hutter 2019, https://arxiv.org/abs/1711.05101)."""

from __future__ import annotations

import torch
from torch import Tensor

from regtui.engine.models.sites import SiteModel
from regtui.engine.randomness import Randomness
from regtui.engine.regularizers.base import Regularizer, trained_parameters
from regtui.spec import StackEntry


@torch.no_grad()
def shrink(parameters: list[Tensor], lr: Tensor, strength: Tensor) -> None:
    """Multiply every parameter by 1 - lr x strength, in place.

    lr        0-dim, learning rate of this step
    strength  0-dim, >= 0; 0 changes nothing
    """
    torch._foreach_mul_(parameters, 1 - lr * strength)


class WeightDecay(Regularizer):
    """Shrink the weights before the optimizer moves them, which is where torch.optim.AdamW does it.

    Biases and norm parameters, all of one dimension, are spared unless `norms_and_biases` is set, as timm and
    the reference recipes of torchvision do.
    """

    def __init__(self, entry: StackEntry, randomness: Randomness) -> None:
        super().__init__(entry, randomness)
        self._decayed: list[Tensor] | None = None

    def on_gradients(self, model: SiteModel, lr: Tensor) -> None:
        if self._decayed is None:  # not in `build`: later entries of the stack still add parameters there
            everything = bool(self.entry.params["norms_and_biases"])
            self._decayed = trained_parameters(model, everything=everything)
        if self._decayed:
            shrink(self._decayed, lr, self.numbers["strength"])
