"""Motions of image batches: exact where they can be, torchvision's where they interpolate."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional as F
from torch.testing import assert_close
from torchvision.transforms.v2 import functional as oracle

from regtui.engine import warp

SIDES = st.tuples(st.integers(1, 40), st.integers(1, 40))


def noise(batch: int, channels: int, height: int, width: int) -> Tensor:
    return torch.rand((batch, channels, height, width), generator=torch.Generator().manual_seed(height * width))


def numbers(*values: float) -> Tensor:
    return torch.tensor(values)


def moved_by_whole_pixels(image: Tensor, x: int, y: int) -> Tensor:
    """The oracle of a shift: pad with zeros and cut."""
    height, width = image.shape[-2:]
    padded = F.pad(image, (max(x, 0), max(-x, 0), max(y, 0), max(-y, 0)))
    return padded[..., max(-y, 0) :, max(-x, 0) :][..., :height, :width]


@settings(deadline=None, derandomize=True)
@given(sides=SIDES, x=st.integers(-9, 9), y=st.integers(-9, 9), mirrored=st.booleans())
def test_whole_pixel_motions_are_exact(sides: tuple[int, int], x: int, y: int, mirrored: bool) -> None:
    images = noise(1, 2, *sides)
    expected = moved_by_whole_pixels(images.flip(3) if mirrored else images, x, y)
    shift = warp.translation(numbers(x), numbers(y))
    assert torch.equal(warp.warp(images, warp.compose(warp.mirror(torch.tensor([mirrored])), shift)), expected)


@settings(deadline=None, derandomize=True)
@given(sides=SIDES)
def test_an_affine_motion_by_nothing_is_exact(sides: tuple[int, int]) -> None:
    images = noise(2, 1, *sides)
    motion = warp.affine(torch.zeros(2), torch.zeros(2), torch.zeros(2), torch.ones(2))
    assert torch.equal(warp.warp(images, motion), images)


@pytest.mark.parametrize("sides", [(28, 28), (32, 32), (20, 33)])
def test_affine_motions_are_those_of_torchvision(sides: tuple[int, int]) -> None:
    images = noise(4, 3, *sides)
    degrees, x, y, scale = torch.tensor(
        [[0.0, 8.0, -30.0, 170.0], [0.0, 2.3, -4.0, 0.5], [0.0, -1.7, 3.0, 5.25], [1.0, 1.0, 0.7, 1.6]]
    )
    ours = warp.warp(images, warp.affine(degrees, x, y, scale))
    for i, image in enumerate(images):
        theirs = oracle.affine(
            image,
            angle=float(degrees[i]),
            translate=[float(x[i]), float(y[i])],
            scale=float(scale[i]),
            shear=[0.0, 0.0],
            interpolation=oracle.InterpolationMode.BILINEAR,
        )
        assert_close(ours[i], theirs, rtol=0, atol=1e-4)


def test_mirroring_is_torchvisions() -> None:
    images = noise(2, 1, 9, 12)
    ours = warp.warp(images, warp.mirror(torch.tensor([True, False])))
    assert torch.equal(ours, torch.stack([oracle.hflip(images[0]), images[1]]))


@settings(deadline=None, derandomize=True, max_examples=30)
@given(values=st.lists(st.floats(-5, 5), min_size=6, max_size=6))
def test_a_composition_is_one_motion_after_the_other(values: list[float]) -> None:
    """On a picture that is linear in x and y interpolation is exact, so both ways agree away from the border."""
    a, b, c, d, e, f = (numbers(value) for value in values)
    first, then = warp.affine(a, b, c, numbers(1.1)), warp.affine(d, e, f, numbers(0.9))
    ramp = torch.arange(40.0)[:, None] * 0.3 + torch.arange(40.0)  # (H, W)
    once = warp.warp(ramp[None, None], warp.compose(first, then))
    twice = warp.warp(warp.warp(ramp[None, None], first), then)
    assert_close(once[..., 14:26, 14:26], twice[..., 14:26, 14:26], rtol=1e-4, atol=1e-3)


def test_shears_are_torchvisions_about_the_top_left_corner() -> None:
    images = noise(4, 3, 20, 33)
    x, y = torch.tensor([[0.3, -0.99, 0.0, 0.0], [0.0, 0.0, 0.5, -0.2]])
    ours = warp.warp(images, warp.shear(x, y, 20, 33))
    for i, image in enumerate(images):
        theirs = oracle.affine(
            image,
            angle=0.0,
            translate=[0, 0],
            scale=1.0,
            shear=[float(x[i].atan().rad2deg()), float(y[i].atan().rad2deg())],
            interpolation=oracle.InterpolationMode.BILINEAR,
            center=[0, 0],
        )
        assert_close(ours[i], theirs, rtol=0, atol=1e-4)


def test_order_matters() -> None:
    images = noise(1, 1, 8, 8)
    shift, mirror = warp.translation(numbers(2), numbers(0)), warp.mirror(torch.tensor([True]))
    shifted_first = warp.warp(images, warp.compose(shift, mirror))
    assert torch.equal(shifted_first, moved_by_whole_pixels(images, 2, 0).flip(3))
    assert not torch.equal(shifted_first, warp.warp(images, warp.compose(mirror, shift)))


def test_what_one_motion_pushes_out_the_next_brings_back() -> None:
    images = noise(1, 1, 8, 8)
    right, left = (warp.translation(numbers(x), numbers(0)) for x in (5, -5))
    assert torch.equal(warp.warp(images, warp.compose(right, left)), images)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_shape_and_dtype_are_kept(dtype: torch.dtype) -> None:
    images = noise(3, 2, 5, 7).to(dtype)
    moved = warp.warp(images, warp.translation(torch.ones(3), torch.zeros(3)))
    assert (moved.shape, moved.dtype) == (images.shape, dtype)


@pytest.mark.gpu
def test_whole_pixel_motions_are_exact_on_a_gpu(cuda: torch.device) -> None:
    images = noise(2, 3, 28, 33)
    motion = warp.compose(warp.mirror(torch.tensor([True, False])), warp.translation(numbers(3, -2), numbers(-4, 1)))
    assert torch.equal(warp.warp(images.to(cuda), motion.to(cuda)).cpu(), warp.warp(images, motion))
