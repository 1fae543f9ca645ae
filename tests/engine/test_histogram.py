"""The counts behind the picture of activations, against numbers that are known."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from regtui.engine.histogram import VALUES, WHOLE, histograms, thinned
from regtui.events import HISTOGRAM_BINS, HISTOGRAM_EDGE

MIDDLE = HISTOGRAM_BINS // 2


def spread(values: Tensor, mask: Tensor | None = None) -> list[int]:
    """The histogram of one layer."""
    return histograms([thinned(values, mask)])[0]


def test_a_normal_sample_has_the_shares_of_the_normal_distribution() -> None:
    drawn = torch.randn(32, 8, 28, 28, generator=torch.Generator().manual_seed(0))
    edges = torch.linspace(-HISTOGRAM_EDGE, HISTOGRAM_EDGE, HISTOGRAM_BINS + 1, dtype=torch.float64)
    edges[0], edges[-1] = -math.inf, math.inf
    expected = torch.special.ndtr(edges).diff() * WHOLE
    assert spread(drawn) == pytest.approx(expected.tolist(), abs=5 * math.sqrt(0.1 / VALUES) * WHOLE)


@pytest.mark.parametrize("shape", [(32, 8, 28, 28), (64, 64, 16, 16), (8, 3, 5, 7), (1, 1, 1, 1)])
def test_thinning_meets_all_channels_and_pixels_alike(shape: tuple[int, ...]) -> None:
    """Each half of the samples, channels, rows and columns of pixels is counted as often as the other half."""
    for axis in range(4):
        size = shape[axis]
        halves = torch.where(torch.arange(size) < size / 2, -1.1, 1.1)
        values = halves.view([-1 if i == axis else 1 for i in range(4)]).expand(shape)
        assert len(thinned(values)) <= VALUES
        assert sum(spread(values)[:MIDDLE]) / WHOLE == pytest.approx(math.ceil(size / 2) / size, abs=0.02)


def test_what_lies_beyond_is_in_the_outer_bins_and_nan_is_no_value() -> None:
    parts = spread(torch.tensor([[-1e9, -math.inf, 1e30, math.inf, 4.1, math.nan]]))
    assert (parts[0], parts[-1], sum(parts)) == (4000, 6000, WHOLE)


def test_layers_of_different_sizes_are_counted_apart() -> None:
    ones, halves = torch.ones(2, 3), torch.tensor([[-0.5, 0.6], [0.6, 0.6]])
    first, second, third = histograms([thinned(ones), thinned(halves), thinned(torch.full((1, 4), math.nan))])
    assert first == spread(ones) and first[MIDDLE + 4] == WHOLE
    assert second == spread(halves) and (second[MIDDLE - 2], second[MIDDLE + 2]) == (2500, 7500)
    assert not any(third)
    assert histograms([]) == []


def test_it_does_not_matter_how_the_values_lie_in_memory() -> None:
    values = torch.randn(2, 3, 5, 7, generator=torch.Generator().manual_seed(1))  # fewer than are counted at most
    assert spread(values) == spread(values.to(memory_format=torch.channels_last))


def test_what_was_chosen_does_not_follow_the_values() -> None:
    values = torch.ones(2, 3)
    chosen = thinned(values)
    values.zero_()
    assert chosen.tolist() == [1.0] * 6


def test_padding_is_not_counted() -> None:
    mask = torch.tensor([[True, True, False], [True, False, False]])
    words = torch.where(mask[:, :, None], 0.1, 3.9).expand(2, 3, 4)  # (B, L, C)
    parts = spread(words, mask)
    assert parts[MIDDLE] == WHOLE == sum(parts)
