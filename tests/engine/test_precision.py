"""bf16: what it leaves as it is, what it may change, and where it is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest
import torch

from regtui import machine
from regtui.catalog import MODELS, REGULARIZERS
from regtui.engine import precision
from regtui.engine.metrics import StepMeter
from regtui.engine.step import Step
from regtui.engine.training import Training
from regtui.events import Evaluated, Finished, Inside, Norms, Started, Steps
from regtui.spec import DataSpec, ModelSpec, RunSpec, TrainSpec, spec_hash

if TYPE_CHECKING:
    from tests.engine.conftest import MakeEntry, MakeRun, MakeSpec


@pytest.fixture(autouse=True)
def has_bf16(monkeypatch: pytest.MonkeyPatch) -> None:
    """A CPU without it computes the same, only slower."""
    monkeypatch.setattr(machine, "has_bf16", lambda: True)


UNFIT = {"mlp": ("dropout2d", "dropblock", "instancenorm"), "bagged_cnn": ("layernorm", "groupnorm", "rmsnorm")}
"""What a model has sites for and refuses."""


def in_bf16(spec: RunSpec) -> RunSpec:
    return msgspec.structs.replace(spec, precision="bf16")


def test_a_run_in_bf16_stays_close_to_one_in_fp32_and_says_what_it_was(
    tiny: MakeSpec, entry: MakeEntry, make_run: MakeRun
) -> None:
    spec = tiny(entry("batchnorm"), entry("crop"))
    coarse, fine = make_run(in_bf16(spec)), make_run(spec)
    assert (coarse.all(Started)[0].precision, fine.all(Started)[0].precision) == ("bf16", "fp32")
    ours, theirs = ([bucket.mean for event in made.all(Steps) for bucket in event.loss] for made in (coarse, fine))
    assert ours != theirs
    assert ours == pytest.approx(theirs, rel=0.1)
    for kind in (Inside, Norms):
        assert len(coarse.all(kind)) == len(fine.all(kind))
    assert all(parameter.dtype == torch.float32 for parameter in coarse.training.model.parameters())


def test_evaluations_are_in_fp32_whatever_was_trained_in(tiny: MakeSpec, make_run: MakeRun) -> None:
    """The weights are those of the start where the rate is next to nothing."""
    spec = tiny(lr=1e-30)
    ours, theirs = (make_run(one).all(Evaluated)[-1].train for one in (in_bf16(spec), spec))
    assert ours == theirs


@pytest.mark.parametrize("model", ["mlp", "cnn", "resnet", "mbconv", "plain_deep", "bagged_cnn", "bert", "gpt"])
def test_every_kind_of_model_takes_steps_in_bf16_with_every_layer_it_can_have(model: str, entry: MakeEntry) -> None:
    record = MODELS[model]
    chosen = [
        entry(name, site)
        for name, one in REGULARIZERS.items()
        for site in one.sites
        if site in record.sites and set(one.kinds) & set(record.inputs) and site not in ("input", "head")
        if name not in UNFIT.get(model, ())
    ]
    params: dict[str, Any] = {param.name: param.default for param in record.params}
    data = DataSpec(name="fashion-mnist" if "image" in record.inputs else "wordnet", train=40, validation=20, test=20)
    spec = RunSpec(
        scenario="t", arm="a", seed=0, data=data, model=ModelSpec(name=model, params=params), stack=tuple(chosen),
        train=TrainSpec(epochs=1, batch_size=8), precision="bf16",
    )  # fmt: skip
    training = Training(spec)
    step = Step(training, StepMeter())
    assert all(step(training.next_samples(), None) for _ in range(2))
    assert training.weights_are_finite()


def test_a_cpu_that_would_compute_it_in_software_refuses(tiny: MakeSpec, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "has_bf16", lambda: False)
    with pytest.raises(ValueError, match="allowed is fp32"):
        Training(in_bf16(tiny()))
    assert precision.refusal("fp32", torch.device("cpu")) == ""


def test_bf16_is_another_run_and_fp32_the_one_it_always_was(tiny: MakeSpec) -> None:
    assert spec_hash(in_bf16(tiny())) != spec_hash(tiny())


@pytest.mark.gpu
def test_a_graph_holds_bf16_too(cuda: torch.device, tiny: MakeSpec, entry: MakeEntry, make_run: MakeRun) -> None:
    spec = msgspec.structs.replace(tiny(entry("batchnorm"), entry("dropout")), device=str(cuda))
    made = make_run(in_bf16(spec))
    assert isinstance(made.events[-1], Finished)
    assert made.all(Evaluated)[-1].train.loss == pytest.approx(make_run(spec).all(Evaluated)[-1].train.loss, rel=0.1)
