"""Picking pixels is resampling them, bit for bit, and torchvision's flips."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.testing import assert_close
from torchvision.transforms.v2 import functional as oracle

from regtui.engine import warp
from regtui.engine.lattice import Steps, pick, shifted, turned

COUNT = 3


def noise(height: int, width: int, channels: int = 2) -> Tensor:
    return torch.rand((COUNT, channels, height, width), generator=torch.Generator().manual_seed(0))


shifts = st.lists(st.integers(-9, 9), min_size=2 * COUNT, max_size=2 * COUNT).map(
    lambda numbers: shifted(torch.tensor(numbers, dtype=torch.float32).view(2, COUNT))
)
turns = st.tuples(st.lists(st.booleans(), min_size=COUNT, max_size=COUNT), st.sampled_from([0, 1])).map(
    lambda drawn: turned(torch.tensor(drawn[0]), drawn[1])
)


@settings(max_examples=60, deadline=None)
@given(st.lists(shifts | turns, min_size=1, max_size=4), st.integers(1, 9), st.integers(1, 9))
def test_picking_is_resampling_bit_for_bit(steps: list[Steps], height: int, width: int) -> None:
    images = noise(height, width)
    whole = reduce(Steps.then, steps)
    resampled = warp.warp(images, reduce(warp.compose, [one.motion() for one in steps]))
    assert torch.equal(pick(images, whole), resampled)
    assert_close(whole.motion(), reduce(warp.compose, [one.motion() for one in steps]))


@pytest.mark.parametrize(("axis", "flip"), [(0, oracle.hflip), (1, oracle.vflip)])
def test_turning_is_torchvisions(axis: int, flip: Callable[[Tensor], Tensor]) -> None:
    images = noise(9, 12)
    ours = pick(images, turned(torch.tensor([True, False, True]), axis))
    assert torch.equal(ours, torch.stack([flip(images[0]), images[1], flip(images[2])]))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_shape_and_dtype_are_kept(dtype: torch.dtype) -> None:
    images = noise(5, 7).to(dtype)
    moved = pick(images, shifted(torch.ones(2, COUNT)))
    assert (moved.shape, moved.dtype) == (images.shape, dtype)


@pytest.mark.gpu
def test_a_gpu_picks_the_same(cuda: torch.device) -> None:
    images, steps = noise(28, 33), turned(torch.tensor([True, False, True]), 0)
    on_gpu = turned(torch.tensor([True, False, True], device=cuda), 0)
    assert torch.equal(pick(images.to(cuda), on_gpu).cpu(), pick(images, steps))
