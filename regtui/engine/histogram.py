"""How values are spread against the normal distribution, counted for all layers in one go."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from regtui.events import HISTOGRAM_BINS, HISTOGRAM_EDGE

VALUES = 4096
"""Values of a layer that are counted at most: a share of 0.1 is then known to 0.005 (one standard error), which is
less than a row of the chart."""

WHOLE = 10_000
"""What the parts of a histogram add up to, but for rounding."""


def thinned(values: Tensor, mask: Tensor | None = None) -> Tensor:
    """A copy of at most VALUES of the values, (V,), evenly spaced; padding becomes NaN.

    values  (B, C, ...) or (B, L, C)
    mask    (B, L), true where a text has words; None: all values count

    The stride shares no factor with the count, so that it meets all channels, pixels and samples alike.
    """
    if mask is not None:
        values = values.masked_fill(~mask[:, :, None], math.nan)
    elif values.ndim == 4 and values.is_contiguous(memory_format=torch.channels_last):
        values = values.permute(0, 2, 3, 1)  # as it lies in memory, so that flattening copies nothing
    count = values.numel()
    stride = max(1, -(-count // VALUES))
    while math.gcd(stride, count) > 1 and stride < count:
        stride += 1
    return values.flatten()[::stride].clone()  # what comes next may work in place


def histograms(chosen: Sequence[Tensor]) -> list[list[int]]:
    """Of each layer's values, (V,): parts of WHOLE in each of BINS bins over [-EDGE, EDGE]. Waits for the device.

    The outer bins hold what lies beyond, too; NaN is no value. What is added up are whole numbers, so the order in
    which a device adds them changes nothing.
    """
    if not chosen:
        return []
    device, width = chosen[0].device, HISTOGRAM_BINS + 1  # one more, for what is no value
    values = torch.cat(list(chosen))
    bins = ((values + HISTOGRAM_EDGE) * (HISTOGRAM_BINS / (2 * HISTOGRAM_EDGE))).clamp_(0, HISTOGRAM_BINS - 1)
    sizes = torch.tensor([len(layer) for layer in chosen])
    first = torch.repeat_interleave(torch.arange(len(chosen)) * width, sizes).to(device)  # of each value's layer
    places = bins.nan_to_num_(HISTOGRAM_BINS).long() + first
    counts = torch.zeros(len(chosen) * width, device=device).index_add_(0, places, torch.ones_like(values))
    counted = counts.view(len(chosen), width)[:, :HISTOGRAM_BINS]
    shares = counted / counted.sum(1, keepdim=True).clamp(min=1)  # (L, BINS)
    return [[round(share * WHOLE) for share in layer] for layer in shares.tolist()]
