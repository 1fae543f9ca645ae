"""Colour operations on batches: torchvision's kernels, with an amount of its own for each picture."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close
from torchvision.transforms.v2 import functional as oracle

from regtui.engine import paint

FACTORS = torch.tensor([0.0, 0.4, 1.0, 1.7, 2.0])


def pictures(channels: int, side: int = 12) -> Tensor:
    """Five pictures of whole bytes: two of any brightness, a dark one, a bright one, one of a single gray."""
    images = torch.rand((5, channels, side, side + 3), generator=torch.Generator().manual_seed(channels))
    images[2] *= 0.2
    images[3] = images[3] * 0.3 + 0.7
    images[4] = 0.5
    return (images * 255).round() / 255


def as_bytes(images: Tensor) -> Tensor:
    return (images * 255).round().to(torch.uint8)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", ["brightness", "contrast", "saturation", "sharpness"])
def test_factors_are_those_of_torchvision(name: str, channels: int) -> None:
    images = pictures(channels)
    theirs = getattr(oracle, f"adjust_{name}")
    expected = torch.stack([theirs(image, float(f)) for image, f in zip(images, FACTORS, strict=True)])
    assert_close(getattr(paint, name)(images, FACTORS), expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("channels", [1, 3])
def test_hue_is_that_of_torchvision(channels: int) -> None:
    images, turns = pictures(channels), torch.tensor([-0.5, -0.1, 0.0, 0.2, 0.5])
    expected = torch.stack([oracle.adjust_hue(image, float(t)) for image, t in zip(images, turns, strict=True)])
    assert_close(paint.hue(images, turns), expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("channels", [1, 3])
def test_posterize_keeps_the_bits_that_torchvision_keeps(channels: int) -> None:
    images, bits = pictures(channels), torch.tensor([0.0, 1.0, 4.0, 7.0, 8.0])
    expected = torch.stack([oracle.posterize(i, int(b)) for i, b in zip(as_bytes(images), bits, strict=True)])
    assert torch.equal(as_bytes(paint.posterize(images, bits)), expected)


@pytest.mark.parametrize("channels", [1, 3])
def test_solarize_is_that_of_torchvision(channels: int) -> None:
    images, thresholds = pictures(channels), torch.tensor([0.0, 0.3, 0.5, 0.9, 1.0])
    expected = torch.stack([oracle.solarize(i, float(t)) for i, t in zip(images, thresholds, strict=True)])
    assert torch.equal(paint.solarize(images, thresholds), expected)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", ["autocontrast", "equalize"])
def test_what_needs_no_amount_is_that_of_torchvision(name: str, channels: int) -> None:
    images = pictures(channels, side=30)  # below 255 pixels equalize does nothing
    changed = getattr(paint, name)(images)
    assert_close(changed, getattr(oracle, name)(images), rtol=0, atol=1e-6)
    assert not torch.equal(changed[2], images[2])
    assert torch.equal(changed[4], images[4])


@pytest.mark.parametrize("name", ["brightness", "contrast", "saturation", "sharpness"])
def test_a_factor_of_one_changes_no_bit(name: str) -> None:
    images = torch.rand((3, 3, 9, 9), generator=torch.Generator().manual_seed(0))
    assert torch.equal(getattr(paint, name)(images, torch.ones(3)), images)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_shape_dtype_and_range_are_kept_and_the_callers_batch_too(dtype: torch.dtype) -> None:
    images = pictures(3).to(dtype)
    before = images.clone()
    for change in (paint.brightness, paint.contrast, paint.saturation, paint.sharpness, paint.hue, paint.solarize):
        changed = change(images, FACTORS)
        assert (changed.shape, changed.dtype) == (images.shape, dtype), change
        assert 0 <= float(changed.min()) <= float(changed.max()) <= 1, change
    for changed in (paint.posterize(images, FACTORS.round()), paint.autocontrast(images), paint.equalize(images)):
        assert (changed.shape, changed.dtype) == (images.shape, dtype)
    assert torch.equal(images, before)


def test_tiny_pictures_have_nothing_to_sharpen() -> None:
    images = torch.rand(2, 1, 2, 5)
    assert torch.equal(paint.sharpness(images, torch.zeros(2)), images)


class OnGpu(Tensor):
    """Says that it is on a GPU."""

    is_cuda = True  # type: ignore[assignment]


def test_brightnesses_are_counted_on_a_gpu_without_its_sorting_kernel_and_without_the_compiler(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def compiler(*_: object, **__: object) -> None:
        raise AssertionError("this function loads PyTorch's compiler")

    before, flat = torch.get_deterministic_debug_mode(), torch.randint(256, (2, 1, 50))
    torch.set_deterministic_debug_mode("warn")
    monkeypatch.setattr(torch, "use_deterministic_algorithms", compiler)
    try:
        counts = paint._histogram(flat.as_subclass(OnGpu))
        assert torch.get_deterministic_debug_mode() == 1, "as it was"
    finally:
        torch.set_deterministic_debug_mode(before)
    assert torch.equal(counts.as_subclass(Tensor), paint._histogram(flat))
