"""DropBlock: blank square blocks of feature maps while training (Ghiasi et al. 2018, https://arxiv.org/abs/1810.12890)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from regtui.engine.models.sites import SiteModel
from regtui.engine.regularizers.base import Regularizer
from regtui.engine.regularizers.dropout import Drawing


def drop_blocks(x: Tensor, p: Tensor, noise: Tensor) -> Tensor:
    """Blank blocks about the places where the noise is low, and scale the rest so that the mean is kept.

    x      (B, C, H, W) float; shape and dtype are kept
    p      0-dim, the share of units to blank if no two blocks met, [0, 1); 0 changes nothing
    noise  (B, C, H - size + 1, W - size + 1), uniform in [0, 1): one value for each corner that a block of
           size x size pixels can have inside the map

    The blanked share is below p, since blocks overlap; the scale is 1 over the share that was kept in this batch,
    as in the paper's algorithm 1 and in torchvision.ops.drop_block2d.
    """
    height, width = x.shape[-2:]
    places = noise.shape[-2] * noise.shape[-1]
    size = height - noise.shape[-2] + 1
    corners = (noise < p * (height * width / (size**2 * places))).float()
    blanked = F.max_pool2d(F.pad(corners, [size - 1] * 4), size, stride=1)  # (B, C, H, W)
    kept = 1 - blanked
    scale = kept / kept.mean().clamp(min=1e-6)
    return x * scale.to(x.dtype)


class DropBlockLayer(Drawing):
    """DropBlock with a generator of its own and a probability that can be steered; the identity in evaluation."""

    def __init__(self, p: Tensor, size: int, generator: torch.Generator) -> None:
        """`size` is the side of a block in pixels of the feature map; on smaller maps it is their shorter side."""
        super().__init__()
        self.p = p
        self.size = size
        self.generator = generator

    def forward(self, x: Tensor) -> Tensor:
        """Raises ValueError for anything but feature maps, (B, C, H, W)."""
        if x.ndim != 4:
            raise ValueError(
                f"dropblock got a tensor of shape {tuple(x.shape)}; it blanks blocks of feature maps, "
                "(B, C, H, W); use dropout here"
            )
        if not self.training:
            return x
        size = min(self.size, *x.shape[-2:])
        return drop_blocks(x, self.p, self.uniform(x[:, :, size - 1 :, size - 1 :]))


class DropBlock(Regularizer):
    """A DropBlock layer in every place of the site; each place draws its own masks."""

    def build(self, model: SiteModel) -> None:
        size = int(self.entry.params["size"])
        for place in model.places(self.entry.where):
            place.put(self.entry.name, DropBlockLayer(self.numbers["p"], size, self.generator(place.layer)))
