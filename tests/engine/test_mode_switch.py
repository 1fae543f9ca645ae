"""What forgetting model.eval() costs, in a batch and one by one, and what it leaves behind."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import msgspec
import pytest
from torch import nn

from regtui.engine.studies.base import accuracy, probabilities, undisturbed
from regtui.engine.studies.mode_switch import ALONE, mode_switch
from regtui.engine.training import Training
from regtui.spec import ModelSpec, RunSpec

if TYPE_CHECKING:
    from tests.engine.conftest import MakeEntry, MakeSpec


def studied(spec: RunSpec) -> tuple[Training, dict[str, float]]:
    training = Training(spec)
    training.model.eval()
    with undisturbed(training, training.model):
        found = mode_switch(training, training.model)
    return training, found.values


def test_alone_in_train_mode_a_picture_is_normalized_by_its_own_statistics(tiny: MakeSpec, entry: MakeEntry) -> None:
    training, values = studied(tiny(entry("batchnorm")))
    model, test = training.model, training.task.test
    calm = accuracy(probabilities(model.eval(), test.inputs, 100), test.labels)
    for place in model.places("conv"):
        instead = nn.InstanceNorm2d(place.channels)
        place.add_module("batchnorm", instead)
    alone = accuracy(probabilities(model, test.inputs, 100), test.labels)
    assert len(test.labels) < ALONE  # so that all are put through
    assert values["cost_alone"] == pytest.approx(calm - alone)


def test_in_the_order_of_classes_a_batch_has_the_statistics_of_one_class(tiny: MakeSpec, entry: MakeEntry) -> None:
    training, values = studied(tiny(entry("batchnorm"), evaluation_batch=4))  # 4 test pictures a class
    model, test = training.model, training.task.test
    calm = accuracy(probabilities(model.eval(), test.inputs, 4), test.labels)
    model.train()
    right = 0
    for label in range(10):
        one_class = test.inputs[test.labels == label]
        assert len(one_class) == 4
        right += int((model(one_class).argmax(1) == label).sum())
    assert values["cost_by_class"] == pytest.approx(calm - 100 * right / len(test.labels))


def test_batchnorm_keeps_what_a_forgotten_eval_showed_it(tiny: MakeSpec, entry: MakeEntry) -> None:
    training, values = studied(tiny(entry("batchnorm")))
    model, test = training.model, training.task.test
    before = accuracy(probabilities(model.eval(), test.inputs, 100), test.labels)
    model.train()
    for _ in range(2):
        probabilities(model, test.inputs, 100)
    after = accuracy(probabilities(model.eval(), test.inputs, 100), test.labels)
    assert values["after_effect"] == pytest.approx(after - before)
    assert values["disagreement"] == 0  # the same batches have the same statistics


def test_dropout_leaves_nothing_behind(tiny: MakeSpec, entry: MakeEntry) -> None:
    assert studied(tiny(entry("dropout", p=0.5)))[1]["after_effect"] == 0


def test_where_one_sample_has_no_variance_there_is_no_cost_alone(tiny: MakeSpec, entry: MakeEntry) -> None:
    mlp = ModelSpec(name="mlp", params={"width": 8, "depth": 1})
    _, values = studied(msgspec.structs.replace(tiny(entry("batchnorm", "linear")), model=mlp))
    assert math.isnan(values["cost_alone"]) and math.isfinite(values["cost"])
