"""Spatial dropout: blank whole channels while training (Tompson et al. 2015, section 3.2, arXiv:1411.4280)."""

from __future__ import annotations

from torch import Tensor

from regtui.engine.regularizers.dropout import Dropout, DropoutLayer


class ChannelDropoutLayer(DropoutLayer):
    """Dropout that keeps or blanks each channel of each sample as a whole, as torch.nn.Dropout2d does."""

    def drawn(self, x: Tensor) -> Tensor:
        """The first pixel of every channel of feature maps, (B, C, 1, 1). Raises ValueError for anything else."""
        if x.ndim != 4:
            raise ValueError(
                f"dropout2d got a tensor of shape {tuple(x.shape)}; it blanks the channels of feature maps, "
                "(B, C, H, W); use dropout here"
            )
        return x[:, :, :1, :1]


class Dropout2d(Dropout):
    """A layer that blanks channels in every place of the site; each place draws its own masks."""

    layer = ChannelDropoutLayer
