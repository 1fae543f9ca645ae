"""Where regularizers act inside a model: a model publishes places, a stack fills them.

A place without modules is the identity and costs one Python call. Models never contain norms or dropouts of their own:
whatever regularizes is in the stack, so two arms differ in nothing but their stacks.
"""

from __future__ import annotations

from collections.abc import Iterator

from torch import Tensor, nn

from regtui.catalog import Site


class Place(nn.Module):
    """One spot of a site, e.g. the output of conv3 before its activation."""

    def __init__(self, site: Site, layer: str, channels: int) -> None:
        super().__init__()
        self.site = site
        self.layer = layer
        """Name of the layer it belongs to, as charts show it: conv3, block2, head."""
        self.channels = channels
        """Size of dimension 1 of the tensor that passes."""

    def put(self, name: str, module: nn.Module) -> None:
        """Append a module; those of earlier stack entries run first. `name` is the entry's catalog name."""
        self.add_module(name, module)

    def forward(self, x: Tensor) -> Tensor:
        for module in self._modules.values():
            x = module(x)  # type: ignore[misc]
        return x


class SiteModel(nn.Module):
    """Base of all models: knows its places.

    `forward` takes (B, C, H, W) images in [0, 1] or (B, L) token ids and gives (B, K) logits.
    """

    def places(self, site: str | None = None) -> Iterator[Place]:
        """All places, or those of one site, in the order of the forward pass."""
        for module in self.modules():
            if isinstance(module, Place) and site in (None, module.site):
                yield module


class Standardize(nn.Module):
    """(x - mean) / std a channel, as the first layer, so that augmentation always works on pixels in [0, 1]."""

    mean: Tensor
    std: Tensor

    def __init__(self, mean: Tensor, std: Tensor) -> None:
        super().__init__()
        self.register_buffer("mean", mean.view(1, -1, 1, 1), persistent=False)  # (1, C, 1, 1)
        self.register_buffer("std", std.view(1, -1, 1, 1), persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        return (images - self.mean) / self.std
