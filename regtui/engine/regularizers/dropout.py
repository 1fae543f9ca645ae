"""Dropout: blank random units while training.

Srivastava et al. 2014, https://jmlr.org/papers/v15/srivastava14a.html
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from regtui.engine.models.sites import SiteModel
from regtui.engine.regularizers.base import Regularizer


def dropout(x: Tensor, p: Tensor, noise: Tensor) -> Tensor:
    """Blank the units whose noise lies below p and scale the others by 1/(1-p), which keeps the expectation.

    x      any shape, float; shape and dtype are kept
    p      0-dim, the share of units to blank, [0, 1); 0 changes nothing
    noise  uniform in [0, 1), shape of x; a dimension of size 1 blanks or keeps all of that dimension of x together

    This is "inverted" dropout, as torch.nn.Dropout does it: evaluation needs no correction.
    """
    scale = ((noise >= p) / (1 - p)).to(x.dtype)
    return x * scale


class Drawing(nn.Module):
    """Base of the layers that drop, each with a generator of its own."""

    generator: torch.Generator

    def uniform(self, x: Tensor) -> Tensor:
        """Draws from [0, 1) like x, (B, ...); float32, as half precision is too coarse for p."""
        return torch.empty_like(x, dtype=torch.float32).uniform_(generator=self.generator)


class DropoutLayer(Drawing):
    """Dropout with a generator of its own and a probability that can be steered; the identity in evaluation.

    torch.nn.functional.dropout takes no generator: its masks would shift every later draw of the run.
    """

    def __init__(self, p: Tensor, generator: torch.Generator) -> None:
        super().__init__()
        self.p = p
        """0-dim, shared by all places of the entry."""
        self.generator = generator

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return x
        return dropout(x, self.p, self.uniform(self.drawn(x)))

    def drawn(self, x: Tensor) -> Tensor:
        """A part of x that has one value for each decision."""
        return x


class Dropout(Regularizer):
    """A dropout layer in every place of the site; each place draws its own masks."""

    layer = DropoutLayer

    def build(self, model: SiteModel) -> None:
        for place in model.places(self.entry.where):
            place.put(self.entry.name, self.layer(self.numbers["p"], self.generator(place.layer)))
