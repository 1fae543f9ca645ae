"""The counts behind the picture of activations, against numbers that are known."""

from __future__ import annotations

import math

import pytest
import torch

from regtui.engine.histogram import VALUES, parts, spread
from regtui.events import HISTOGRAM_BINS, HISTOGRAM_EDGE


def test_a_normal_sample_has_the_shares_of_the_normal_distribution() -> None:
    drawn = torch.randn(32, 8, 28, 28, generator=torch.Generator().manual_seed(0))
    edges = torch.linspace(-HISTOGRAM_EDGE, HISTOGRAM_EDGE, HISTOGRAM_BINS + 1, dtype=torch.float64)
    edges[0], edges[-1] = -math.inf, math.inf
    expected = torch.special.ndtr(edges).diff()
    assert torch.allclose(spread(drawn).double(), expected, atol=5 * math.sqrt(0.1 / VALUES))


@pytest.mark.parametrize("shape", [(32, 8, 28, 28), (64, 64, 16, 16), (8, 3, 5, 7), (1, 1, 1, 1)])
def test_thinning_meets_all_channels_and_pixels_alike(shape: tuple[int, ...]) -> None:
    """Each half of the channels, samples and rows of pixels is counted as often as the other half."""
    for axis in range(4):
        size = shape[axis]
        halves = torch.where(torch.arange(size) < size / 2, -1.1, 1.1)
        values = halves.view([-1 if i == axis else 1 for i in range(4)]).expand(shape)
        lower = spread(values)[: HISTOGRAM_BINS // 2].sum().item()
        assert lower == pytest.approx(math.ceil(size / 2) / size, abs=0.02)


def test_what_lies_beyond_is_in_the_outer_bins_and_nan_is_beyond() -> None:
    values = torch.tensor([[-1e9, -math.inf, 1e9, math.inf, math.nan]])
    shares = spread(values)
    assert shares[0] == pytest.approx(0.4) and shares[-1] == pytest.approx(0.6)


def test_padding_is_not_counted() -> None:
    mask = torch.tensor([[True, True, False], [True, False, False]])
    words = torch.where(mask[:, :, None], 0.1, 3.9).expand(2, 3, 4)  # (B, L, C)
    shares = spread(words, mask)
    assert shares[HISTOGRAM_BINS // 2] == 1.0 and shares.sum() == 1.0


def test_parts_add_up_to_ten_thousand() -> None:
    assert parts(torch.tensor([0.25, 0.5, 0.25])) == [2500, 5000, 2500]
