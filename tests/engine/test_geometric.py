"""Crop, flip and affine: every picture of a batch moves by a draw of its own, within the bounds that are set."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from regtui.engine import regularizers
from regtui.engine.randomness import CPU, Randomness
from regtui.engine.regularizers import Batch
from regtui.engine.regularizers.geometric import Geometric
from regtui.spec import Scalar

if TYPE_CHECKING:
    from tests.engine.conftest import MakeEntry

BATCH = 600
OFF: dict[str, dict[str, Scalar]] = {
    "crop": {"padding": 0},
    "flip": {"p": 0.0},
    "affine": {"degrees": 0.0, "translate": 0.0, "scale": 0.0},
    "vertical_flip": {"p": 0.0},
    "rotation": {"degrees": 0.0},
}
"""Settings at which an entry does nothing."""

MakeGeometric = Callable[..., Geometric]


@pytest.fixture
def make(entry: MakeEntry) -> MakeGeometric:
    def build(name: str, seed: int = 0, **params: Scalar) -> Geometric:
        built = regularizers.build(entry(name, None, **params), Randomness(seed, CPU))
        assert isinstance(built, Geometric)
        return built

    return build


@pytest.fixture(scope="module")
def batch() -> Batch:
    """One picture, many times: a dot left of the centre and above it, on black."""
    images = torch.zeros(BATCH, 1, 28, 28)
    images[:, :, 9:12, 5:8] = 1.0
    return Batch(images, torch.arange(BATCH) % 10)


def centres(images: Tensor) -> tuple[Tensor, Tensor]:
    """Centre of the brightness of each image, x and y in pixels."""
    mass = images.sum((1, 2, 3))
    x = (images.sum((1, 2)) * torch.arange(images.shape[3])).sum(1) / mass
    y = (images.sum((1, 3)) * torch.arange(images.shape[2])).sum(1) / mass
    return x, y


@pytest.mark.parametrize("name", OFF)
def test_nothing_moves_at_strength_zero(name: str, make: MakeGeometric, batch: Batch) -> None:
    assert torch.equal(make(name, **OFF[name]).on_batch(batch).inputs, batch.inputs)


@pytest.mark.parametrize("name", OFF)
def test_labels_shape_and_dtype_are_kept_and_the_caller_s_batch_too(
    name: str, make: MakeGeometric, batch: Batch
) -> None:
    before = batch.inputs.clone()
    moved = make(name).on_batch(batch)
    assert moved.labels is batch.labels
    assert moved.targets is None
    assert (moved.inputs.shape, moved.inputs.dtype) == (batch.inputs.shape, batch.inputs.dtype)
    assert torch.equal(batch.inputs, before)


@pytest.mark.parametrize("name", OFF)
def test_the_same_seed_moves_the_same_way_and_the_next_batch_another(
    name: str, make: MakeGeometric, batch: Batch
) -> None:
    one, again, other = make(name, 1), make(name, 1), make(name, 2)
    first = one.on_batch(batch).inputs
    assert torch.equal(again.on_batch(batch).inputs, first)
    assert not torch.equal(other.on_batch(batch).inputs, first)
    assert not torch.equal(one.on_batch(batch).inputs, first)


@pytest.mark.parametrize(
    ("name", "variety"), [("crop", 25), ("flip", 2), ("vertical_flip", 2), ("rotation", BATCH), ("affine", BATCH)]
)
def test_each_picture_of_a_batch_moves_by_a_draw_of_its_own(
    name: str, variety: int, make: MakeGeometric, batch: Batch
) -> None:
    """The defect of transforms that draw one set of parameters for a batch: all its pictures move alike."""
    moved = make(name).on_batch(batch).inputs
    assert len({image.numpy().tobytes() for image in moved}) == variety


def test_crop_moves_by_whole_pixels_up_to_the_padding_equally_often(make: MakeGeometric, batch: Batch) -> None:
    moved = make("crop", padding=3).on_batch(batch).inputs
    for centre, start in zip(centres(moved), centres(batch.inputs), strict=True):
        counts = (centre - start).round().long().add(3).bincount()
        assert_close(centre, centre.round())
        assert len(counts) == 7
        assert counts.min() > BATCH / 7 - 4 * (BATCH / 7) ** 0.5
    assert {float(pixel) for pixel in moved.unique()} == {0.0, 1.0}


def test_crop_fills_with_zeros(make: MakeGeometric) -> None:
    moved = make("crop", padding=2).on_batch(Batch(torch.ones(50, 1, 8, 8), torch.zeros(50, dtype=torch.long))).inputs
    zeros = (moved == 0).flatten(1).sum(1)
    assert zeros.min() == 0
    assert zeros.max() == 8 * 8 - 6 * 6


def test_flip_mirrors_its_share_and_leaves_the_others(make: MakeGeometric, batch: Batch) -> None:
    moved = make("flip", p=0.3).on_batch(batch).inputs
    mirrored = (moved == batch.inputs.flip(3)).flatten(1).all(1)
    assert ((moved == batch.inputs).flatten(1).all(1) == ~mirrored).all()
    assert float(mirrored.float().mean()) == pytest.approx(0.3, abs=4 * (0.3 * 0.7 / BATCH) ** 0.5)
    assert torch.equal(make("flip", p=1.0).on_batch(batch).inputs, batch.inputs.flip(3))


def test_a_vertical_flip_turns_its_share_upside_down(make: MakeGeometric, batch: Batch) -> None:
    moved = make("vertical_flip", p=0.3).on_batch(batch).inputs
    turned = (moved == batch.inputs.flip(2)).flatten(1).all(1)
    assert ((moved == batch.inputs).flatten(1).all(1) == ~turned).all()
    assert float(turned.float().mean()) == pytest.approx(0.3, abs=4 * (0.3 * 0.7 / BATCH) ** 0.5)


def test_rotation_is_affine_without_the_rest(make: MakeGeometric, batch: Batch) -> None:
    moved = make("rotation", degrees=180.0).on_batch(batch).inputs
    x, y = (centre - 13.5 for centre in centres(moved))
    start_x, start_y = (centre - 13.5 for centre in centres(batch.inputs))
    assert_close(x.hypot(y), start_x.hypot(start_y), rtol=0.03, atol=0)
    turned = (torch.atan2(y, x) - torch.atan2(start_y, start_x)).rad2deg() % 360
    assert turned.histc(12, 0, 360).min() > BATCH / 12 - 4 * (BATCH / 12) ** 0.5


def test_affine_rotates_within_its_bounds(make: MakeGeometric, batch: Batch) -> None:
    moved = make("affine", degrees=20.0, translate=0.0).on_batch(batch).inputs
    x, y = (centre - 13.5 for centre in centres(moved))
    start_x, start_y = (centre - 13.5 for centre in centres(batch.inputs))
    turned = (torch.atan2(y, x) - torch.atan2(start_y, start_x)).rad2deg()
    turned = (turned + 180) % 360 - 180
    assert turned.abs().max() < 21
    assert turned.min() < -18 < 18 < turned.max()
    assert_close(x.hypot(y), start_x.hypot(start_y), rtol=0.03, atol=0)


def test_affine_translates_by_shares_of_the_side(make: MakeGeometric, batch: Batch) -> None:
    moved = make("affine", degrees=0.0, translate=0.1).on_batch(batch).inputs
    for centre, start in zip(centres(moved), centres(batch.inputs), strict=True):
        shift = centre - start
        assert shift.abs().max() <= 2.8 + 1e-3
        assert shift.min() < -2.7 < 2.7 < shift.max()
        assert shift.unique().numel() > BATCH * 0.9  # not rounded to pixels


def test_affine_scales_within_its_bounds(make: MakeGeometric, batch: Batch) -> None:
    moved = make("affine", degrees=0.0, translate=0.0, scale=0.3).on_batch(batch).inputs
    side = (moved.sum((1, 2, 3)) / 9).sqrt()
    assert side.min() == pytest.approx(0.7, abs=0.05)
    assert side.max() == pytest.approx(1.3, abs=0.05)


def test_steering_shifts_no_later_draw(make: MakeGeometric, batch: Batch) -> None:
    steered, untouched = make("affine"), make("affine")
    steered.numbers["degrees"].fill_(0.0)
    assert not torch.equal(steered.on_batch(batch).inputs, untouched.on_batch(batch).inputs)
    steered.numbers["degrees"].fill_(8.0)
    assert torch.equal(steered.on_batch(batch).inputs, untouched.on_batch(batch).inputs)
