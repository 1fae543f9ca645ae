"""Where a network began, to tell how far training has led each of its layers away."""

from __future__ import annotations

import torch
from torch import Tensor

from regtui.engine.models.sites import SiteModel


class Origin:
    """A copy of the weights of all layers that probes look at, as they were drawn or pretrained."""

    def __init__(self, model: SiteModel) -> None:
        """`model` still as it begins."""
        self._start = {layer: weight.detach().clone() for layer, weight in layer_weights(model).items()}
        self._length = {layer: start.norm() for layer, start in self._start.items()}

    @torch.no_grad()
    def drift(self, layer: str, weight: Tensor) -> Tensor:
        """||w - w0|| / ||w0||, L2, 0-dim: 0 where nothing has moved, 1 where it moved as far as the weights are long.

        NaN or infinite for a layer that began at 0, which has no length to compare with.
        """
        drift: Tensor = (weight.detach() - self._start[layer]).norm() / self._length[layer]
        return drift


def layer_weights(model: SiteModel) -> dict[str, Tensor]:
    """The weight of each convolution or linear layer that has a place, in the order of the forward pass."""
    found: dict[str, Tensor] = {}
    for place in model.places():
        if place.site in ("conv", "linear"):
            weight = model.get_submodule(place.layer).weight
            assert isinstance(weight, Tensor)
            found[place.layer] = weight
    return found
