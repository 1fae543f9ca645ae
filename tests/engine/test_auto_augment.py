"""RandAugment, TrivialAugment, AugMix: torchvision's operations, drawn for each picture, resampled once."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F
from torch.testing import assert_close
from torchvision.transforms import v2

from regtui.engine import regularizers, warp
from regtui.engine.randomness import CPU, Randomness
from regtui.engine.regularizers import Batch, Regularizer, policies
from regtui.engine.regularizers.augmix import WIDTH, blend
from regtui.engine.regularizers.policies import OPERATIONS, Choice
from regtui.engine.stack import Stack

if TYPE_CHECKING:
    from tests.engine.conftest import MakeEntry

NAMES = ("randaugment", "trivialaugment", "augmix")
BATCH = 200
THEIRS = {
    "shear_x": "ShearX", "shear_y": "ShearY", "translate_x": "TranslateX", "translate_y": "TranslateY",
    "autocontrast": "AutoContrast",
}  # fmt: skip


@pytest.fixture(scope="module")
def batch() -> Batch:
    """One colourful picture of whole bytes, many times."""
    image = torch.rand((3, 7, 7), generator=torch.Generator().manual_seed(0))
    image = F.interpolate(image[None], size=(28, 28), mode="bilinear")
    image = ((image * 0.6 + 0.1) * 255).round() / 255
    return Batch(image.expand(BATCH, -1, -1, -1).clone(), torch.arange(BATCH) % 10)


def changed(moved: Tensor, batch: Batch) -> Tensor:
    return (moved != batch.inputs).flatten(1).any(1)


def one_operation(name: str, strength: float, sign: float, count: int) -> Choice:
    return Choice(
        torch.full((count,), OPERATIONS.index(name)), torch.full((count,), strength), torch.full((count,), sign)
    )


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(
    ("space", "policy", "bins", "name"),
    [
        *[(policies.RANDAUGMENT, v2.RandAugment, 31, name) for name in OPERATIONS],
        *[(policies.TRIVIALAUGMENT, v2.TrivialAugmentWide, 31, n) for n in OPERATIONS if not n.startswith("trans")],
        *[(policies.AUGMIX, v2.AugMix, 10, name) for name in OPERATIONS if name != "identity"],
    ],
)
def test_every_operation_is_torchvisions(
    space: policies.Space, policy: Any, bins: int, name: str, channels: int
) -> None:
    theirs = THEIRS.get(name, name.capitalize())
    bytes_ = torch.randint(256, (2, channels, 28, 20), generator=torch.Generator().manual_seed(1), dtype=torch.uint8)
    images = bytes_ / 255
    magnitudes, signed = policy._AUGMENTATION_SPACE[theirs]
    magnitudes = magnitudes(bins, 28, 20)
    for step in (0, bins // 3, bins - 1):
        for sign in (1.0, -1.0) if signed else (1.0,):
            choice = one_operation(name, step / (bins - 1), sign, 2)
            ours = policies.colour(space, choice, warp.warp(images, policies.motion(space, choice, 28, 20)))
            magnitude = 0.0 if magnitudes is None else float(magnitudes[step]) * sign
            inputs = bytes_ if name == "posterize" else images
            expected = policy()._apply_image_or_video_transform(
                inputs, theirs, magnitude, v2.InterpolationMode.BILINEAR, {Tensor: None}
            )
            expected = expected / 255 if name == "posterize" else expected
            assert_close(ours, expected, rtol=0, atol=2e-4, msg=f"{name} {step} {sign}")


def test_trivialaugment_moves_by_at_most_a_seventh_of_the_side() -> None:
    for side in (28, 224):
        motion = policies.motion(policies.TRIVIALAUGMENT, one_operation("translate_x", 1.0, 1.0, 1), side, side)
        assert float(motion[0, 0, 2]) == -side // 7


@pytest.mark.parametrize("name", NAMES)
def test_nothing_changes_at_probability_zero(name: str, make: Callable[..., Regularizer], batch: Batch) -> None:
    assert torch.equal(make(name, p=0.0).on_batch(batch).inputs, batch.inputs)


def test_no_operations_change_nothing(make: Callable[..., Regularizer], batch: Batch) -> None:
    assert torch.equal(make("randaugment", number=0).on_batch(batch).inputs, batch.inputs)


@pytest.mark.parametrize("name", NAMES)
def test_labels_shape_range_and_the_callers_batch_are_kept(
    name: str, make: Callable[..., Regularizer], batch: Batch
) -> None:
    before = batch.inputs.clone()
    result = make(name).on_batch(batch)
    assert result.labels is batch.labels
    assert result.targets is None
    assert (result.inputs.shape, result.inputs.dtype) == (batch.inputs.shape, batch.inputs.dtype)
    assert 0 <= float(result.inputs.min()) <= float(result.inputs.max()) <= 1 + 1e-6
    assert torch.equal(batch.inputs, before)


@pytest.mark.parametrize("name", NAMES)
def test_the_same_seed_gives_the_same_and_the_next_batch_another(
    name: str, make: Callable[..., Regularizer], batch: Batch
) -> None:
    one, again, other = make(name, 1), make(name, 1), make(name, 2)
    first = one.on_batch(batch).inputs
    assert torch.equal(again.on_batch(batch).inputs, first)
    assert not torch.equal(other.on_batch(batch).inputs, first)
    assert not torch.equal(one.on_batch(batch).inputs, first)


@pytest.mark.parametrize(("name", "variety"), [("randaugment", 100), ("trivialaugment", 100), ("augmix", BATCH)])
def test_each_picture_of_a_batch_has_operations_of_its_own(
    name: str, variety: int, make: Callable[..., Regularizer], batch: Batch
) -> None:
    """With one magnitude two of 14 operations and their signs make 23^2 pictures at most; 31 magnitudes make more."""
    results = make(name).on_batch(batch).inputs
    assert len({image.numpy().tobytes() for image in results}) >= variety


def test_all_operations_are_drawn_equally_often(make: Callable[..., Regularizer]) -> None:
    count = 14_000
    (choice,) = make("trivialaugment").choose(torch.zeros(count, 1, 1, 1))  # type: ignore[attr-defined]
    assert choice.operation.bincount(minlength=14).sub(1000).abs().max() < 4 * 1000**0.5
    assert choice.strength.unique().tolist() == pytest.approx([i / 30 for i in range(31)])
    assert float(choice.sign.mean()) == pytest.approx(0, abs=4 / count**0.5)


def test_more_magnitude_takes_pictures_further_away(make: Callable[..., Regularizer], batch: Batch) -> None:
    distances = []
    for magnitude in (0, 5, 15, 30):
        entry = make("randaugment")
        entry.numbers["magnitude"].fill_(magnitude)  # steered
        distances.append(float((entry.on_batch(batch).inputs - batch.inputs).abs().mean()))
    assert distances == sorted(distances)
    assert distances[0] < 0.2 * distances[-1]


def test_more_severity_takes_pictures_further_away(make: Callable[..., Regularizer], batch: Batch) -> None:
    distances = [
        float((make("augmix", severity=s).on_batch(batch).inputs - batch.inputs).abs().mean()) for s in (1, 10)
    ]
    assert distances[0] < distances[1]


def test_neighbours_in_the_stack_and_all_operations_resample_once(
    entry: MakeEntry, batch: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[Tensor] = []
    sample = F.grid_sample

    def counted(images: Tensor, *rest: Any, **settings: Any) -> Tensor:
        calls.append(images)
        return sample(images, *rest, **settings)

    monkeypatch.setattr(F, "grid_sample", counted)
    before = [entry("crop"), entry("flip"), entry("randaugment", number=4)]
    Stack(before, Randomness(0, CPU)).on_batch(batch)
    assert len(calls) == 1
    # What follows a policy must see its colours, so it resamples anew.
    Stack([entry("randaugment"), entry("crop"), entry("trivialaugment")], Randomness(0, CPU)).on_batch(batch)
    assert len(calls) == 3


def test_a_row_is_the_entries_one_by_one(entry: MakeEntry, batch: Batch) -> None:
    """Crop and flip move by whole pixels, so resampling again loses nothing."""
    entries = [entry("crop"), entry("flip"), entry("trivialaugment", p=0.0), entry("vertical_flip")]
    together = Stack(entries, Randomness(0, CPU)).on_batch(batch)
    one_by_one = batch
    for single in entries:
        one_by_one = regularizers.build(single, Randomness(0, CPU)).on_batch(one_by_one)
    assert torch.equal(together.inputs, one_by_one.inputs)


def test_augmix_blends_with_the_mix_of_its_chains() -> None:
    images, chains = torch.full((2, 1, 1, 1), 1.0), torch.arange(6.0).view(WIDTH, 2, 1, 1, 1)
    shares = torch.tensor([[0.5, 1.0], [0.25, 0.0], [0.25, 0.0]])
    mixed = blend(images, chains, shares, torch.tensor([0.5, 0.25]))
    assert_close(mixed.flatten(), torch.tensor([0.5 * 1 + 0.5 * 1.5, 0.75 * 1 + 0.25 * 1]))
    assert torch.equal(blend(images, chains, shares, torch.zeros(2)), images)


def test_augmix_stays_nearer_to_the_picture_than_its_operations(make: Callable[..., Regularizer], batch: Batch) -> None:
    mixed = (make("augmix", severity=10).on_batch(batch).inputs - batch.inputs).abs().mean()
    operations = (make("randaugment", magnitude=30).on_batch(batch).inputs - batch.inputs).abs().mean()
    assert mixed < 0.7 * operations


def test_probability_is_the_share_of_changed_pictures(make: Callable[..., Regularizer], batch: Batch) -> None:
    share = float(changed(make("augmix", p=0.4).on_batch(batch).inputs, batch).float().mean())
    assert share == pytest.approx(0.4, abs=4 * (0.24 / BATCH) ** 0.5)
