"""Studies find what their records promise, tell the truth about small cases, and leave the run as it was."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import msgspec
import pytest
import torch

from regtui.catalog import DATASETS
from regtui.catalog import STUDIES as RECORDS
from regtui.engine.studies import STUDIES
from regtui.engine.studies.base import accuracy, undisturbed
from regtui.engine.training import Training
from regtui.events import Evaluated, Studied, decode, encode
from regtui.spec import DataSpec, ModelSpec, RunSpec, spec_hash

if TYPE_CHECKING:
    from tests.engine.conftest import MadeRun, MakeEntry, MakeRun, MakeSpec

TEXTS = DataSpec(name="wordnet", train=80, validation=20, test=40, length=16)
BERT = ModelSpec(name="bert", params={"layers": 1, "width": 16, "heads": 2, "norm_place": "pre", "weights": "random"})


def studied(spec: RunSpec, *names: str) -> RunSpec:
    return msgspec.structs.replace(spec, studies=names)


def found(made: MadeRun, name: str) -> dict[str, float]:
    return next(event.values for event in made.all(Studied) if event.study == name)


def test_every_study_of_the_catalog_can_be_made() -> None:
    assert set(STUDIES) == set(RECORDS)


@pytest.mark.parametrize("kind", ["image", "text"])
def test_a_studied_run_trains_like_any_other_and_finds_what_the_catalog_says(
    kind: str, tiny: MakeSpec, make_run: MakeRun, entry: MakeEntry
) -> None:
    plain = tiny(entry("batchnorm"), entry("dropout"))
    if kind == "text":
        stack = (entry("batchnorm", "norm"), entry("dropout", "residual"), entry("dropout", "attention"))
        plain = msgspec.structs.replace(plain, data=TEXTS, model=BERT, stack=stack)
    names = [name for name, record in RECORDS.items() if DATASETS[plain.data.name].kind in record.kinds]
    calm, watched = make_run(plain), make_run(studied(plain, *names))
    for name, weight in calm.weights().items():
        assert torch.equal(weight, watched.weights()[name]), name
    for one, other in zip(calm.all(Evaluated), watched.all(Evaluated), strict=True):
        assert (one.train, one.test) == (other.train, other.test)

    last = watched.all(Evaluated)[-1]
    assert {event.study for event in watched.all(Studied)} == set(names)
    for event in watched.all(Studied):
        record = RECORDS[event.study]
        assert event.step == (0 if record.when == "start" else plain.total_steps)
        assert set(event.values) == {metric.name for metric in record.metrics}
        assert decode(encode(event)).run == "r"  # NaN and all
        assert all(len(curve.x) == len(curve.y) > 0 for curve in event.curves)
        for metric, value in event.values.items():
            assert last.studied[f"{event.study}.{metric}"] == pytest.approx(value, nan_ok=True)


def test_studies_are_no_part_of_what_a_run_is(tiny: MakeSpec) -> None:
    assert spec_hash(tiny()) == spec_hash(studied(tiny(), "weights"))


def test_modes_buffers_and_generators_are_put_back(tiny: MakeSpec, entry: MakeEntry) -> None:
    training = Training(tiny(entry("batchnorm"), entry("dropout")))
    training.model(training.next_batch().inputs)  # every generator has been used
    training.model.eval()
    before = {name: buffer.clone() for name, buffer in training.model.named_buffers()}
    generators = training.randomness.state()
    with undisturbed(training, training.model):
        training.model.train()
        training.model(training.task.test.inputs)
        assert any(not torch.equal(before[name], now) for name, now in training.model.named_buffers())
    assert all(torch.equal(before[name], now) for name, now in training.model.named_buffers())
    assert not any(module.training for module in training.model.modules())
    assert all(torch.equal(state, training.randomness.state()[name]) for name, state in generators.items())


def test_accuracy_is_the_share_of_right_guesses() -> None:
    assert accuracy(torch.eye(4), torch.tensor([0, 1, 2, 2])) == 75.0


def test_dropout_scales_what_it_keeps_and_touches_no_weight(
    tiny: MakeSpec, make_run: MakeRun, entry: MakeEntry
) -> None:
    values = found(make_run(studied(tiny(entry("dropout", p=0.5), epochs=6), "mode_switch")), "mode_switch")
    assert values["weight_change"] == 0
    assert values["kept_scale"] == pytest.approx(2, rel=1e-5)
    assert values["expectation"] == pytest.approx(1, abs=0.1)
    assert values["disagreement"] > 0


def test_without_dropout_and_batchnorm_both_modes_are_one(tiny: MakeSpec, make_run: MakeRun) -> None:
    values = found(make_run(studied(tiny(), "mode_switch")), "mode_switch")
    assert values["cost"] == values["disagreement"] == 0
    assert math.isnan(values["kept_scale"])


def test_weights_are_counted_without_biases_and_norms(tiny: MakeSpec, make_run: MakeRun, entry: MakeEntry) -> None:
    made = make_run(studied(tiny(entry("batchnorm"), entry("l1", strength=1.0, exact_zeros=True)), "weights"))
    matrices = [weight for weight in made.training.model.parameters() if weight.ndim > 1]
    flat = torch.cat([weight.detach().flatten() for weight in matrices])
    values = found(made, "weights")
    assert values["norm"] == pytest.approx(float(flat.norm()), rel=1e-5)
    assert values["exact_zeros"] == pytest.approx(float((flat == 0).float().mean() * 100), rel=1e-4)
    assert 0 < values["exact_zeros"] <= values["near_zero"]
