"""The studies that put many guesses to the vote agree with votes counted directly."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import msgspec
import pytest
import torch
from torch import nn

from regtui.engine.randomness import CPU, Randomness
from regtui.engine.regularizers import Batch
from regtui.engine.stack import Stack
from regtui.engine.studies import STUDIES
from regtui.engine.studies.base import Found, accuracy, probabilities, undisturbed
from regtui.engine.studies.subnetworks import MOST
from regtui.engine.studies.voting import accuracy_of, cross_entropy, sizes, vote_curve
from regtui.engine.training import Training
from regtui.spec import ModelSpec, RunSpec

if TYPE_CHECKING:
    from tests.engine.conftest import MakeEntry, MakeSpec


def study(name: str, spec: RunSpec) -> tuple[Training, Found]:
    """What a study finds of a network as it begins."""
    training = Training(spec)
    training.model.eval()
    with undisturbed(training, training.model):
        found = STUDIES[name](training, training.model)
    return training, found


def test_a_vote_can_be_right_where_most_voters_are_wrong() -> None:
    votes = torch.tensor([[[0.1, 0.9]], [[0.6, 0.4]], [[0.6, 0.4]], [[0.6, 0.4]]])  # (T, N, K)
    label = torch.tensor([1])
    assert accuracy_of(1, votes, label) == 25
    assert accuracy_of(2, votes, label) == 50  # the first two together are right, the others wrong
    assert accuracy_of(4, votes, label) == 100
    line = vote_curve(votes, label, "votes")
    assert (line.x, line.y) == ([1, 2, 4], [25, 50, 100])


def test_voters_that_fill_no_group_are_left_out() -> None:
    votes = torch.tensor([[[1.0, 0.0]], [[1.0, 0.0]], [[0.0, 1.0]]])
    assert accuracy_of(2, votes, torch.tensor([0])) == 100
    assert sizes(13) == [1, 2, 4, 8, 13]
    assert sizes(64) == [1, 2, 4, 8, 16, 32, 64]


def test_a_class_held_impossible_costs_much_but_not_everything() -> None:
    assert cross_entropy(torch.tensor([[0.25, 0.75]]), torch.tensor([0])) == pytest.approx(math.log(4))
    assert math.isfinite(cross_entropy(torch.tensor([[0.0, 1.0]]), torch.tensor([0])))


def test_sampled_subnetworks_are_passes_with_dropout_on_and_batchnorm_in_eval_mode(
    tiny: MakeSpec, entry: MakeEntry
) -> None:
    training, found = study("subnetworks", tiny(entry("batchnorm"), entry("dropout", p=0.5)))
    model, test = training.model, training.task.test
    calm = probabilities(model.eval(), test.inputs, 100)
    model.train()
    for module in model.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.eval()
    votes = torch.stack([probabilities(model, test.inputs, 100) for _ in range(MOST)])
    assert found.values["accuracy_64"] == accuracy(votes.mean(0), test.labels)
    assert found.values["accuracy_1"] == pytest.approx(sum(accuracy(one, test.labels) for one in votes) / MOST)
    assert found.values["gain"] == found.values["accuracy_64"] - accuracy(calm, test.labels)
    assert found.values["vote_gain"] == found.values["accuracy_16"] - found.values["accuracy_1"]
    losses = [nn.functional.nll_loss(guess.log(), test.labels) for guess in (calm, votes.mean(0))]
    assert found.values["loss_gain"] == pytest.approx(float(losses[0] - losses[1]), abs=1e-6)


def test_at_p_zero_every_subnetwork_is_the_whole_network(tiny: MakeSpec, entry: MakeEntry) -> None:
    _, found = study("subnetworks", tiny(entry("dropout", p=0.0)))
    assert found.values["gain"] == found.values["vote_gain"] == found.values["loss_gain"] == 0
    assert set(found.curves[0].y) == set(found.curves[1].y)


def test_without_dropout_there_is_no_subnetwork(tiny: MakeSpec) -> None:
    _, found = study("subnetworks", tiny())
    assert math.isnan(found.values["accuracy_1"]) and math.isfinite(found.values["eval_accuracy"])
    assert [curve.is_reference for curve in found.curves] == [True]


def test_of_a_bag_its_members_vote(tiny: MakeSpec) -> None:
    model = ModelSpec(name="bagged_cnn", params={"members": 3, "width": 2, "bootstrap": True})
    training, found = study("subnetworks", msgspec.structs.replace(tiny(), model=model))
    test = training.task.test
    members = training.model.each(test.inputs).softmax(2)  # type: ignore[operator]
    assert found.curves[0].x == [1, 2, 3]
    assert found.curves[0].y[-1] == found.values["eval_accuracy"] == accuracy(members.mean(1), test.labels)
    assert found.values["accuracy_1"] == pytest.approx(sum(accuracy(m, test.labels) for m in members.unbind(1)) / 3)
    assert math.isnan(found.values["accuracy_16"]) and math.isnan(found.values["gain"])


def test_the_augmentation_of_the_stack_acts_on_the_test_samples_and_mixing_does_not(
    tiny: MakeSpec, entry: MakeEntry
) -> None:
    spec = tiny(entry("vertical_flip", p=1.0), entry("mixup"))
    training, found = study("augmented_eval", spec)
    test = training.task.test
    upside_down = accuracy(probabilities(training.model.eval(), test.inputs.flip(2), 100), test.labels)
    clean = accuracy(probabilities(training.model, test.inputs, 100), test.labels)
    assert found.values["accuracy"] == pytest.approx(upside_down)  # all views are the same
    assert found.values["cost"] == pytest.approx(clean - upside_down)
    assert found.values["tta_gain"] == pytest.approx(upside_down - clean)


def test_without_augmentation_there_is_nothing_to_leave_on(tiny: MakeSpec, entry: MakeEntry) -> None:
    _, found = study("augmented_eval", tiny(entry("mixup")))
    assert math.isnan(found.values["cost"]) and math.isnan(found.values["tta_gain"])
    assert [curve.is_reference for curve in found.curves] == [True]


def test_views_differ_from_each_other_and_samples_within_one(tiny: MakeSpec, entry: MakeEntry) -> None:
    training = Training(tiny())
    stack = Stack([entry("crop", padding=4), entry("label_smoothing")], Randomness(0, CPU))
    image = training.task.test.inputs[:1].repeat(20, 1, 1, 1)
    views = [stack.augment(Batch(image, training.task.test.labels[:20], classes=10)) for _ in range(2)]
    assert not torch.equal(views[0].inputs, views[1].inputs)
    assert len({tuple(one.flatten().tolist()) for one in views[0].inputs}) > 10
    assert views[0].targets is None
