"""Gradient clipping by the norm of the whole gradient (Pascanu et al. 2013, https://arxiv.org/abs/1211.5063)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.utils import get_total_norm

from regtui.engine.models.sites import SiteModel
from regtui.engine.regularizers.base import Regularizer


@torch.no_grad()
def clip(gradients: Sequence[Tensor], limit: Tensor) -> None:
    """Scale all gradients by one factor, in place, so that their common L2 norm is at most the limit.

    limit  0-dim, > 0

    As torch.nn.utils.clip_grad_norm_ but for the last bit, since that multiplies by a reciprocal; its 1e-6 in the
    denominator makes a clipped norm a little smaller.
    """
    factor = limit / (get_total_norm(list(gradients)) + 1e-6)
    torch._foreach_mul_(list(gradients), factor.clamp(max=1))


class GradientClipping(Regularizer):
    """Clips between the backward pass and the optimizer; penalties of the stack are part of the gradient by then."""

    def on_gradients(self, model: SiteModel, lr: Tensor) -> None:  # noqa: ARG002
        clip([p.grad for p in model.parameters() if p.grad is not None], self.numbers["limit"])
