"""Max-norm: a ceiling for the incoming weights of each unit.

Srivastava et al. 2014, section 5.1, https://jmlr.org/papers/v15/srivastava14a.html
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from regtui.engine.models.sites import SiteModel
from regtui.engine.regularizers.base import Regularizer, trained_parameters


@torch.no_grad()
def limit_rows(weights: Sequence[Tensor], limit: Tensor) -> None:
    """Scale every row back to the limit where its L2 norm exceeds it, in place.

    weights  (units, ...) each; a row is everything that enters one unit or output channel
    limit    0-dim, > 0
    """
    for weight in weights:
        norms = torch.linalg.vector_norm(weight, dim=tuple(range(1, weight.ndim)), keepdim=True)  # (units, 1, ...)
        weight.mul_((limit / norms).clamp(max=1))


class MaxNorm(Regularizer):
    """The constraint on every weight of two dimensions and more, after each step of the optimizer."""

    def on_step(self, model: SiteModel) -> None:
        limit_rows(trained_parameters(model, everything=False), self.numbers["limit"])
