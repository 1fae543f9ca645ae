"""How values are spread against the normal distribution, counted without waiting for the device."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from regtui.events import HISTOGRAM_BINS, HISTOGRAM_EDGE

VALUES = 4096
"""Values that are counted at most: a share of 0.1 is then known to 0.005 (one standard error), which is less than a
row of the chart, for a few hundredths of a millisecond a layer."""

WHOLE = 10_000
"""What the parts of a histogram add up to, but for rounding."""


def spread(values: Tensor, mask: Tensor | None = None) -> Tensor:
    """Shares of the values in each bin over [-EDGE, EDGE], (BINS,) float; the outer bins hold what lies beyond, too.

    values  (B, C, ...) or (B, L, C); NaN counts as beyond the upper end
    mask    (B, L), true where a text has words; None counts everything

    Evenly thinned to VALUES by a stride that shares no factor with their count, so that it meets all channels and
    pixels alike. What is added up are whole numbers, so the order in which a device adds them changes no bit.
    """
    count = values.numel()
    stride = max(1, -(-count // VALUES))
    while math.gcd(stride, count) > 1 and stride < count:
        stride += 1
    chosen = values.flatten()[::stride]  # (V,)
    per_unit = HISTOGRAM_BINS / (2 * HISTOGRAM_EDGE)
    bins = ((chosen + HISTOGRAM_EDGE) * per_unit).nan_to_num_(HISTOGRAM_BINS).clamp_(0, HISTOGRAM_BINS - 1).long()
    if mask is None:
        weights = torch.ones(1, device=values.device).expand(len(chosen))
    else:
        weights = mask[:, :, None].expand(values.shape).flatten()[::stride].float()  # (V,)
    counts = torch.zeros(HISTOGRAM_BINS, device=values.device).index_add_(0, bins, weights)
    return counts / weights.sum().clamp(min=1)


def parts(shares: Tensor) -> list[int]:
    """Shares as whole parts of `WHOLE`, which keeps event lines short. Waits for the device."""
    return [round(share * WHOLE) for share in shares.tolist()]
