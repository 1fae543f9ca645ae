"""Stochastic depth: leave out residual branches while training (Huang et al. 2016, https://arxiv.org/abs/1603.09382)."""

from __future__ import annotations

import torch
from torch import Tensor

from regtui.engine.models.sites import SiteModel
from regtui.engine.regularizers.base import Regularizer
from regtui.engine.regularizers.dropout import Drawing, dropout


class BranchLayer(Drawing):
    """The end of a residual branch: each sample leaves it out with a probability of its own depth.

    As torchvision.ops.stochastic_depth in its mode "row": kept branches are scaled by 1/(1-p), so evaluation needs
    no correction.
    """

    def __init__(self, p: Tensor, share: float, generator: torch.Generator) -> None:
        """`p` is 0-dim, the probability of the deepest branch, and `share` the part of it that holds here."""
        super().__init__()
        self.p = p
        self.share = share
        self.generator = generator

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return x
        noise = self.uniform(x.new_empty((len(x), *[1] * (x.ndim - 1))))  # (B, 1, ...)
        return dropout(x, self.p * self.share, noise)


class StochasticDepth(Regularizer):
    """A layer at the end of every residual branch.

    By the linear rule of the paper the l-th of L branches is left out with probability p l/L. A model whose reference
    counts otherwise says the share at its places (`Place.depth`).
    """

    def build(self, model: SiteModel) -> None:
        branches = list(model.places(self.entry.where))
        for number, place in enumerate(branches, start=1):
            depth = number / len(branches) if place.depth is None else place.depth
            share = depth if self.entry.params["depth_rule"] == "linear" else 1.0
            place.put(self.entry.name, BranchLayer(self.numbers["p"], share, self.generator(place.layer)))
