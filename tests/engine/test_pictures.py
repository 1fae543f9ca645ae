"""Colour jitter, random erasing and Gaussian noise on training batches."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close
from torchvision.transforms import v2

from regtui.engine import paint
from regtui.engine.randomness import CPU, Randomness
from regtui.engine.regularizers import Batch, Regularizer
from regtui.engine.regularizers.erasing import TRIES, boxes
from regtui.spec import Scalar

if TYPE_CHECKING:
    pass

BATCH = 500
OFF: dict[str, dict[str, Scalar]] = {
    "color_jitter": {"brightness": 0.0, "contrast": 0.0, "saturation": 0.0, "hue": 0.0},
    "random_erasing": {"p": 0.0},
    "gaussian_noise": {"std": 0.0},
}
"""Settings at which an entry does nothing."""


@pytest.fixture(scope="module")
def batch() -> Batch:
    """One gray picture, many times; none of its pixels is black."""
    image = torch.rand((1, 1, 20, 24), generator=torch.Generator().manual_seed(0)) * 0.5 + 0.25
    return Batch(image.expand(BATCH, -1, -1, -1).clone(), torch.arange(BATCH) % 10)


@pytest.mark.parametrize("name", OFF)
@pytest.mark.parametrize("channels", [1, 3])
def test_nothing_changes_at_strength_zero(
    name: str, channels: int, make: Callable[..., Regularizer], batch: Batch
) -> None:
    images = torch.rand((9, channels, 8, 8), generator=torch.Generator().manual_seed(1))
    result = make(name, **OFF[name]).on_batch(Batch(images, batch.labels[:9])).inputs
    # The way over hue and back costs the last bits of a colour.
    assert_close(result, images, rtol=0, atol=1e-6 if name == "color_jitter" and channels == 3 else 0)


@pytest.mark.parametrize("name", OFF)
def test_labels_shape_and_dtype_are_kept_and_the_callers_batch_too(
    name: str, make: Callable[..., Regularizer], batch: Batch
) -> None:
    before = batch.inputs.clone()
    result = make(name).on_batch(batch)
    assert result.labels is batch.labels
    assert result.targets is None
    assert (result.inputs.shape, result.inputs.dtype) == (batch.inputs.shape, batch.inputs.dtype)
    assert torch.equal(batch.inputs, before)


@pytest.mark.parametrize("name", OFF)
def test_the_same_seed_gives_the_same_and_the_next_batch_another(
    name: str, make: Callable[..., Regularizer], batch: Batch
) -> None:
    one, again, other = make(name, 1), make(name, 1), make(name, 2)
    first = one.on_batch(batch).inputs
    assert torch.equal(again.on_batch(batch).inputs, first)
    assert not torch.equal(other.on_batch(batch).inputs, first)
    assert not torch.equal(one.on_batch(batch).inputs, first)


@pytest.mark.parametrize("name", OFF)
def test_each_picture_has_a_draw_of_its_own(name: str, make: Callable[..., Regularizer], batch: Batch) -> None:
    on = {"p": 1.0} if name == "random_erasing" else {}
    results = make(name, **on).on_batch(batch).inputs
    assert len({image.numpy().tobytes() for image in results}) > 0.95 * BATCH


def test_steering_shifts_no_later_draw(make: Callable[..., Regularizer], batch: Batch) -> None:
    for name in OFF:
        steered, untouched = make(name), make(name)
        for number, value in OFF[name].items():
            steered.numbers[number].fill_(float(value))
        steered.on_batch(batch)
        untouched.on_batch(batch)
        for number, tensor in untouched.numbers.items():
            steered.numbers[number].copy_(tensor)
        assert torch.equal(steered.on_batch(batch).inputs, untouched.on_batch(batch).inputs)


def test_brightness_is_drawn_evenly_within_its_bounds(make: Callable[..., Regularizer]) -> None:
    gray = Batch(torch.full((BATCH, 1, 2, 2), 0.5), torch.zeros(BATCH, dtype=torch.long))
    factor = make("color_jitter", brightness=0.4, contrast=0.0).on_batch(gray).inputs[:, 0, 0, 0] / 0.5
    assert 0.6 <= float(factor.min()) < 0.61
    assert 1.39 < float(factor.max()) <= 1.4
    assert float(factor.mean()) == pytest.approx(1, abs=4 * 0.8 / (12 * BATCH) ** 0.5)


def test_jitter_works_on_saturation_and_hue_of_colours_alone(make: Callable[..., Regularizer], batch: Batch) -> None:
    settings = {"brightness": 0.0, "contrast": 0.0, "saturation": 1.0, "hue": 0.5}
    assert torch.equal(make("color_jitter", **settings).on_batch(batch).inputs, batch.inputs)
    colours = Batch(torch.rand(BATCH, 3, 5, 5), batch.labels)
    jittered = make("color_jitter", **settings).on_batch(colours).inputs
    assert (jittered != colours.inputs).flatten(1).any(1).all()


def test_jitter_is_torchvisions_chain(make: Callable[..., Regularizer]) -> None:
    """With one factor at a time the fixed order plays no part; here all of them, in ours."""
    images = torch.rand((6, 3, 9, 9), generator=torch.Generator().manual_seed(5))
    draws = torch.rand((4, 6), generator=Randomness(0, CPU).generator("color_jitter@input")) * 2 - 1
    ours = make("color_jitter", hue=0.2).on_batch(Batch(images, torch.zeros(6, dtype=torch.long))).inputs
    for image, result, (b, c, s, h) in zip(images, ours, draws.T.tolist(), strict=True):
        expected = v2.functional.adjust_brightness(image, 1 + 0.3 * b)
        expected = v2.functional.adjust_contrast(expected, 1 + 0.3 * c)
        expected = v2.functional.adjust_saturation(expected, 1 + 0.3 * s)
        assert_close(result, v2.functional.adjust_hue(expected, 0.2 * h), rtol=0, atol=1e-5)


def box_sides(erased: Tensor) -> tuple[Tensor, Tensor]:
    """Height and width of the box in each (B, H, W) mask; asserts that it is one box."""
    tall, wide = erased.any(2).sum(1), erased.any(1).sum(1)
    assert torch.equal(erased.flatten(1).sum(1), tall * wide)
    return tall, wide


def test_erased_boxes_are_distributed_as_torchvisions() -> None:
    count, largest = 4000, 0.33
    draws = torch.rand((2 * TRIES + 2, count), generator=torch.Generator().manual_seed(0))
    ours = box_sides(boxes(draws, torch.tensor(largest), 20, 24))
    torch.manual_seed(0)
    erase = v2.RandomErasing(p=1.0, scale=(0.02, largest))
    made = [erase.make_params([torch.ones(1, 20, 24)]) for _ in range(count)]
    for sides, key in zip(ours, ("h", "w"), strict=True):
        theirs = torch.tensor([float(params[key]) for params in made])
        assert float(sides.float().mean()) == pytest.approx(float(theirs.mean()), rel=0.03)
        assert float(sides.float().std()) == pytest.approx(float(theirs.std()), rel=0.05)
    assert ours[0].max() < 20 and ours[1].max() < 24


def test_boxes_lie_everywhere() -> None:
    draws = torch.rand((2 * TRIES + 2, 4000), generator=torch.Generator().manual_seed(0))
    hits = boxes(draws, torch.tensor(0.1), 12, 12).float().mean(0)
    assert hits.min() > 0
    assert_close(hits, hits.flip(0), rtol=0, atol=0.03)
    assert_close(hits, hits.T, rtol=0, atol=0.03)


def test_a_box_that_never_fits_is_left_out() -> None:
    tall = torch.full((2 * TRIES + 2, 1), 0.9999)  # the largest area and the tallest ratio, at each try
    assert not boxes(tall, torch.tensor(0.9), 20, 24).any()


def test_erasing_blanks_its_share_of_pictures(make: Callable[..., Regularizer], batch: Batch) -> None:
    blank = (make("random_erasing", p=0.3).on_batch(batch).inputs == 0).flatten(1).any(1)
    assert float(blank.float().mean()) == pytest.approx(0.3, abs=4 * (0.21 / BATCH) ** 0.5)


def test_erasing_fills_with_black_or_noise(make: Callable[..., Regularizer], batch: Batch) -> None:
    black = make("random_erasing", p=1.0).on_batch(batch).inputs
    noise = make("random_erasing", p=1.0, fill="noise").on_batch(batch).inputs
    box = black == 0
    assert torch.equal(noise != batch.inputs, box)  # the same boxes
    assert float(noise[box].mean()) == pytest.approx(0.5, abs=0.01)
    assert torch.equal(black[~box], batch.inputs[~box])


def test_noise_keeps_the_expectation_and_has_the_deviation(make: Callable[..., Regularizer], batch: Batch) -> None:
    added = make("gaussian_noise", std=0.2).on_batch(batch).inputs - batch.inputs
    assert float(added.mean()) == pytest.approx(0, abs=4 * 0.2 / added.numel() ** 0.5)
    assert float(added.std()) == pytest.approx(0.2, rel=0.01)


def test_contrast_of_a_gray_picture_is_kept_about_its_mean() -> None:
    images = torch.rand(3, 1, 6, 6) * 0.4 + 0.3
    changed = paint.contrast(images, torch.full((3,), 0.5))
    assert_close(changed.mean((1, 2, 3)), images.mean((1, 2, 3)))
