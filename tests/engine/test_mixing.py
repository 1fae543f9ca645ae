"""Label smoothing, MixUp, CutMix: soft targets that keep their mass, and pairs drawn for each sample."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional as F
from torch.testing import assert_close
from torchvision.transforms import v2

from regtui.engine.metrics import StepMeter
from regtui.engine.regularizers import Batch, Regularizer
from regtui.engine.regularizers.label_smoothing import smooth
from regtui.engine.regularizers.mixing import cutmix, mixup, ring, symmetric_beta
from regtui.spec import Scalar

if TYPE_CHECKING:
    pass

NAMES = ("label_smoothing", "mixup", "cutmix", "mixup_cutmix")
OFF: dict[str, dict[str, Scalar]] = {"label_smoothing": {"epsilon": 0.0}} | {name: {"p": 0.0} for name in NAMES[1:]}
BATCH, CLASSES = 300, 10


@pytest.fixture(scope="module")
def batch() -> Batch:
    """Pictures of one value each, all different, so that every mixed pixel tells which two it came from."""
    values = (torch.arange(BATCH) + 1.0) / BATCH
    images = values[:, None, None, None].expand(BATCH, 1, 12, 10).clone()
    return Batch(images, torch.arange(BATCH) % CLASSES, classes=CLASSES)


def one_hot(batch: Batch) -> Tensor:
    return F.one_hot(batch.labels, CLASSES).float()


@settings(deadline=None, derandomize=True)
@given(
    share=st.lists(st.floats(0, 1), min_size=4, max_size=4), draws=st.lists(st.floats(0, 0.99), min_size=8, max_size=8)
)
def test_targets_keep_their_mass(share: list[float], draws: list[float]) -> None:
    targets = torch.rand((4, 3), generator=torch.Generator().manual_seed(0))
    targets /= targets.sum(1, keepdim=True)
    images, partner = torch.rand(4, 1, 5, 6), torch.tensor([1, 2, 3, 0])
    shares, centre = torch.tensor(share), torch.tensor(draws).view(2, 4)
    for _, mixed in (mixup(images, targets, partner, shares), cutmix(images, targets, partner, shares, centre)):
        assert_close(mixed.sum(1), torch.ones(4))
        assert mixed.min() >= 0
    assert_close(smooth(targets, shares[0]).sum(1), torch.ones(4))


def test_a_share_of_one_is_the_identity(batch: Batch) -> None:
    targets, partner, one = one_hot(batch), torch.arange(BATCH).roll(1), torch.ones(BATCH)
    for images, mixed in (
        mixup(batch.inputs, targets, partner, one),
        cutmix(batch.inputs, targets, partner, one, torch.rand(2, BATCH)),
    ):
        assert torch.equal(images, batch.inputs)
        assert torch.equal(mixed, targets)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_mixed_at_strength_zero(name: str, make: Callable[..., Regularizer], batch: Batch) -> None:
    result = make(name, **OFF[name]).on_batch(batch)
    assert torch.equal(result.inputs, batch.inputs)
    assert result.targets is not None
    assert torch.equal(result.targets, one_hot(batch))


def test_mixup_with_alpha_zero_blends_nothing_but_rounding(make: Callable[..., Regularizer], batch: Batch) -> None:
    assert_close(make("mixup", alpha=0.0).on_batch(batch).inputs, batch.inputs, rtol=0, atol=2e-7)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.77, 1.0])
def test_mixup_agrees_with_torchvision_for_one_share(share: float, batch: Batch) -> None:
    theirs = v2.MixUp(num_classes=CLASSES)
    theirs.make_params = lambda _: {"lam": share}  # type: ignore[method-assign]
    images, targets = theirs(batch.inputs, batch.labels)
    ours = mixup(batch.inputs, one_hot(batch), torch.arange(BATCH).roll(1), torch.full((BATCH,), share))
    assert_close(ours, (images, targets))


@pytest.mark.parametrize(("share", "x", "y"), [(0.3, 3, 11), (0.9, 0, 5), (0.0, 5, 6), (0.5, 9, 0)])
def test_cutmix_agrees_with_torchvision_for_one_box(share: float, x: int, y: int, batch: Batch) -> None:
    height, width = batch.inputs.shape[-2:]
    half = 0.5 * (1 - share) ** 0.5
    x1, x2 = max(x - int(half * width), 0), min(x + int(half * width), width)
    y1, y2 = max(y - int(half * height), 0), min(y + int(half * height), height)
    adjusted = 1 - (x2 - x1) * (y2 - y1) / (width * height)
    theirs = v2.CutMix(num_classes=CLASSES)
    theirs.make_params = lambda _: {"box": (x1, y1, x2, y2), "lam_adjusted": adjusted}  # type: ignore[method-assign]
    images, targets = theirs(batch.inputs, batch.labels)
    centre = torch.tensor([[(x + 0.5) / width], [(y + 0.5) / height]]).expand(2, BATCH)
    partner = torch.arange(BATCH).roll(1)
    ours = cutmix(batch.inputs, one_hot(batch), partner, torch.full((BATCH,), share), centre)
    assert_close(ours, (images, targets))


def test_smoothing_is_torchs(batch: Batch) -> None:
    logits = torch.randn((BATCH, CLASSES), generator=torch.Generator().manual_seed(0))
    ours = F.cross_entropy(logits, smooth(one_hot(batch), torch.tensor(0.15)))
    assert_close(ours, F.cross_entropy(logits, batch.labels, label_smoothing=0.15))


@pytest.mark.parametrize("alpha", [0.0, 0.01, 0.2, 1.0, 4.0])
def test_shares_are_beta_distributed(alpha: float) -> None:
    """Moments of Beta(a, a): mean 1/2, variance 1/(4 (2a + 1)), kurtosis from it; and the middle by torch's own."""
    count = 100_000
    shares = symmetric_beta(torch.tensor(alpha), torch.rand((2, count), generator=torch.Generator().manual_seed(1)))
    assert 0 <= float(shares.min()) <= float(shares.max()) <= 1
    assert float(shares.mean()) == pytest.approx(0.5, abs=0.007)
    assert float(shares.var()) == pytest.approx(1 / (4 * (2 * alpha + 1)), rel=0.02)
    if alpha >= 0.2:
        torch.manual_seed(0)
        theirs = torch.distributions.Beta(alpha, alpha).sample((count,))
        for quantile in (0.05, 0.25, 0.75, 0.95):
            expected = float(theirs.quantile(quantile))
            assert float(shares.quantile(quantile)) == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize("count", [2, 3, 50])
def test_partners_are_all_samples_once_and_never_oneself(count: int) -> None:
    partner = ring(torch.rand(count, generator=torch.Generator().manual_seed(count)))
    assert partner.sort().values.tolist() == list(range(count))
    assert (partner != torch.arange(count)).all()


def test_a_batch_of_one_is_its_own_partner() -> None:
    assert ring(torch.rand(1)).tolist() == [0]


@pytest.mark.parametrize("name", NAMES[1:])
def test_each_sample_has_a_partner_and_a_share_of_its_own(
    name: str, make: Callable[..., Regularizer], batch: Batch
) -> None:
    result = make(name, p=1.0).on_batch(batch)
    assert result.targets is not None
    own = result.targets.gather(1, batch.labels[:, None])[:, 0]
    assert len(own.unique()) > (25 if name == "cutmix" else 100)  # boxes of 12 x 10 pixels have few areas
    assert len({image.numpy().tobytes() for image in result.inputs}) > 0.9 * BATCH


@pytest.mark.parametrize("name", NAMES)
def test_labels_and_the_callers_batch_are_kept_and_seeds_decide(
    name: str, make: Callable[..., Regularizer], batch: Batch
) -> None:
    before = batch.inputs.clone()
    one, again = make(name, 1), make(name, 1)
    first = one.on_batch(batch)
    assert first.labels is batch.labels
    assert (first.inputs.shape, first.inputs.dtype) == (batch.inputs.shape, batch.inputs.dtype)
    assert torch.equal(again.on_batch(batch).inputs, first.inputs)
    if name != "label_smoothing":
        assert not torch.equal(make(name, 2).on_batch(batch).inputs, first.inputs)
        assert not torch.equal(one.on_batch(batch).inputs, first.inputs)
    assert torch.equal(batch.inputs, before)


@pytest.mark.parametrize("name", NAMES[1:])
def test_the_targets_tell_what_the_pixels_show(name: str, make: Callable[..., Regularizer]) -> None:
    """Pictures of one value, a class each: the mean of a mixed picture is the mean of the values by its target."""
    images = (torch.arange(CLASSES) / CLASSES)[:, None, None, None].expand(CLASSES, 1, 9, 7).clone()
    result = make(name, p=1.0, **({"alpha": 1.0} if name == "mixup" else {})).on_batch(
        Batch(images, torch.arange(CLASSES), classes=CLASSES)
    )
    assert result.targets is not None
    assert_close(result.targets @ images[:, 0, 0, 0], result.inputs.mean((1, 2, 3)))


def test_by_turns_either_blends_or_pastes(make: Callable[..., Regularizer], batch: Batch) -> None:
    for cut, kinds in ((0.0, {False}), (1.0, {True}), (0.5, {True, False})):
        entry = make("mixup_cutmix", cut=cut, mixup_alpha=1.0)
        result = entry.on_batch(batch).inputs
        originals = batch.inputs[:, 0, 0, 0]
        pure = torch.isin(result, originals).flatten(1).all(1)  # pasted pixels are those of some picture
        assert set(pure.tolist()) == kinds


def test_mixup_leaves_the_own_label_the_dominating_target(make: Callable[..., Regularizer], batch: Batch) -> None:
    """So the accuracy of the training batches is measured against the sample's own label."""
    result = make("mixup", alpha=1.0).on_batch(batch)
    assert result.targets is not None
    meter = StepMeter()
    meter.add(torch.zeros(()), one_hot(batch), result.labels, result.targets)
    assert meter.take()[1] == [100.0]


def test_mixing_ends_for_the_last_share_of_the_epochs(make: Callable[..., Regularizer], batch: Batch) -> None:
    entry = make("mixup", alpha=1.0, off_last=0.3)
    for epoch in range(10):
        entry.on_epoch(epoch, 10)
        same = torch.equal(entry.on_batch(batch).inputs, batch.inputs)
        assert same == (epoch >= 7)
    resumed = make("mixup", alpha=1.0, off_last=0.3)
    resumed.load_state(entry.state())  # in the middle of an epoch nobody calls on_epoch again
    assert torch.equal(resumed.on_batch(batch).inputs, batch.inputs)


def test_smoothing_after_mixing_is_smoothing_before(make: Callable[..., Regularizer], batch: Batch) -> None:
    smoothing = make("label_smoothing")
    after = smoothing.on_batch(make("cutmix").on_batch(batch)).targets
    before = make("cutmix").on_batch(smoothing.on_batch(replace(batch))).targets
    assert_close(after, before)
