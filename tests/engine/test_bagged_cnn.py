"""A bag of networks is what its members are alone: resamples, training, and the vote."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F
from torch.testing import assert_close

from regtui.engine import models
from regtui.engine.datasets import ImageData
from regtui.engine.models.bagged_cnn import BaggedCnn, bootstrap, vote
from regtui.engine.randomness import Randomness
from regtui.engine.regularizers import Batch
from regtui.engine.stack import Stack
from regtui.spec import ModelSpec, RunSpec

if TYPE_CHECKING:
    from tests.engine.conftest import MadeRun, MakeEntry, MakeRun, MakeSpec


def bag(task: ImageData, members: int = 3, width: int = 2, *, resampled: bool = True, seed: int = 0) -> BaggedCnn:
    model = models.build(bagged(members, width, resampled=resampled), task)
    models.initialize(model, seed)
    assert isinstance(model, BaggedCnn)
    return model


def bagged(members: int, width: int = 2, *, resampled: bool = True) -> ModelSpec:
    return ModelSpec(name="bagged_cnn", params={"members": members, "width": width, "bootstrap": resampled})


def with_model(spec: RunSpec, model: ModelSpec) -> RunSpec:
    return msgspec.structs.replace(spec, model=model)


def member_weights(made: MadeRun, member: int, members: int) -> dict[str, Tensor]:
    return {name: weight.chunk(members)[member].flatten() for name, weight in made.training.model.named_parameters()}


def test_a_resample_has_as_many_samples_and_misses_a_share_of_1_over_e() -> None:
    counts = bootstrap(20_000, torch.Generator().manual_seed(0))
    assert float(counts.sum()) == 20_000
    assert float((counts == 0).float().mean()) == pytest.approx(0.368, abs=0.01)  # (1 - 1/N)^N
    assert float(counts.var()) == pytest.approx(1, abs=0.05)


def test_every_member_and_seed_has_a_resample_of_its_own(task: ImageData) -> None:
    one, again, other = bag(task).counts, bag(task).counts, bag(task, seed=1).counts
    assert torch.equal(one, again)
    assert not torch.equal(one, other)
    assert len({tuple(row.tolist()) for row in one}) == 3
    assert torch.equal(bag(task, resampled=False).counts, torch.ones(3, 100))


def test_the_vote_is_the_mean_of_the_probabilities() -> None:
    logits = torch.randn(5, 4, 3, generator=torch.Generator().manual_seed(0)) * 3
    assert_close(vote(logits).exp(), logits.softmax(2).mean(1))


def test_members_of_a_bag_never_meet(task: ImageData) -> None:
    model = bag(task)
    images = task.test.inputs[:4]
    before = model.each(images)
    with torch.no_grad():
        model.get_parameter("conv2.weight").chunk(3)[1].zero_()
    changed = (model.each(images) != before).flatten(2).any(2).any(0)
    assert changed.tolist() == [False, True, False]


def test_the_gradient_of_a_member_is_that_of_its_own_resample(task: ImageData) -> None:
    model = bag(task)
    samples = torch.arange(40, 60)
    batch = Batch(task.train.inputs[samples], task.train.labels[samples], classes=10, samples=samples)
    loss, logits = model.loss(batch)
    loss.backward()
    found = [parameter.grad for parameter in model.parameters()]
    assert logits.shape == (20, 10)

    repeated = samples.repeat_interleave(model.counts[2, samples].long())  # the samples as the third has drawn them
    alone = F.cross_entropy(model.each(task.train.inputs[repeated])[:, 2], task.train.labels[repeated], reduction="sum")
    for gradient, parameter in zip(found, torch.autograd.grad(alone / 20, list(model.parameters())), strict=True):
        assert_close(gradient.chunk(3)[2], parameter.chunk(3)[2])

    losses = [F.cross_entropy(model.each(batch.inputs)[:, i], batch.labels, reduction="none") for i in range(3)]
    weighed = torch.stack([(model.counts[i, samples] * losses[i]).mean() for i in range(3)])
    assert_close(loss, weighed.mean())


def test_soft_targets_are_those_of_every_member(task: ImageData) -> None:
    model = bag(task, resampled=False)
    batch = Batch(task.train.inputs[:8], task.train.labels[:8], classes=10, samples=torch.arange(8))
    soft = replace(batch, targets=batch.soft_targets() * 0.9 + 0.01)
    assert_close(model.loss(replace(batch, targets=batch.soft_targets()))[0], model.loss(batch)[0])
    members = model.each(batch.inputs).unbind(1)
    assert_close(model.loss(soft)[0], torch.stack([F.cross_entropy(one, soft.targets) for one in members]).mean())


@pytest.mark.parametrize("name", ["adamw", "sgd"])
def test_without_resampling_the_first_member_trains_as_a_cnn_alone(
    name: str, tiny: MakeSpec, make_run: MakeRun
) -> None:
    spec = tiny(optimizer=name, epochs=1, evaluations=1)
    alone, together = make_run(spec), make_run(with_model(spec, bagged(3, resampled=False)))
    ours = member_weights(together, 0, 3)
    for key, weight in alone.training.model.named_parameters():
        assert_close(ours[key], weight.flatten(), rtol=1e-3, atol=1e-5, msg=key)


def test_a_norm_that_would_mix_the_members_is_refused(
    task: ImageData, entry: MakeEntry, randomness: Randomness
) -> None:
    for name, is_refused in (("batchnorm", False), ("instancenorm", False), ("layernorm", True), ("groupnorm", True)):
        model = models.build(bagged(2), task)
        Stack([entry(name, "conv")], randomness).build(model)
        if is_refused:
            with pytest.raises(ValueError, match=rf"{name} at conv1 .*batchnorm and instancenorm"):
                models.initialize(model, 0)
        else:
            models.initialize(model, 0)
