"""Probes against direct computation, and the proof that looking changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from regtui.engine.norm_statistics import CHANNELS, SetProbe, norm_modules
from regtui.engine.origin import Origin
from regtui.engine.probes import StepProbe, first_non_finite_layer
from regtui.engine.training import Training
from regtui.events import HISTOGRAM_BINS, HISTOGRAM_EDGE, Norms
from regtui.spec import DataSpec, ModelSpec

if TYPE_CHECKING:
    from tests.engine.conftest import MadeRun, MakeEntry, MakeRun, MakeSpec


def recorded(training: Training, path: str, inputs: Tensor) -> Tensor:
    """What enters the module of that path, (B, C, ...)."""
    seen: list[Tensor] = []
    module = training.model.get_submodule(path)
    handle = module.register_forward_pre_hook(lambda _, args: seen.append(args[0].detach().clone()))
    with torch.no_grad():
        training.model(inputs)
    handle.remove()
    return seen[0]


def by_channel(x: Tensor) -> Tensor:
    """(C, N) in double precision."""
    return x.double().transpose(0, 1).flatten(1)


def probed(training: Training) -> tuple[StepProbe, Tensor]:
    """A probe that watched the first batch forward and backward, and the inputs of that batch."""
    batch = training.next_batch()
    probe = StepProbe(training.model)
    with probe.watching():
        loss = F.cross_entropy(training.model(batch.inputs), batch.labels)
    torch.autograd.backward(loss)
    probe.after_backward()
    return probe, batch.inputs


@pytest.fixture
def training(tiny: MakeSpec, entry: MakeEntry) -> Training:
    return Training(tiny(entry("batchnorm", momentum=0.25)))


@pytest.mark.parametrize("weights", ["as drawn", "far from zero"])
def test_batch_and_running_statistics_are_those_of_the_norms_input(training: Training, weights: str) -> None:
    if weights == "far from zero":
        with torch.no_grad():
            training.model.get_parameter("conv2.bias").add_(1000)  # mean >> deviation
    probe, inputs = probed(training)
    layers = {layer.name: layer for layer in probe.norms({})}
    assert list(layers) == [f"conv{number}.norm" for number in range(1, 7)]
    found = layers["conv2.norm"]
    # The batch statistics of a fresh pass are the same: training mode does not read the running ones.
    x = by_channel(recorded(training, "conv2_out.batchnorm", inputs))
    assert (found.kind, found.channels, found.count) == ("batchnorm", 2, x.shape[1])
    assert found.batch_mean == pytest.approx(x.mean(1).tolist(), rel=1e-4, abs=1e-5)
    assert found.batch_var == pytest.approx(x.var(1).tolist(), rel=1e-3)
    assert found.running_mean == pytest.approx((0.25 * x.mean(1)).tolist(), rel=1e-4, abs=1e-5)
    assert found.running_var == pytest.approx((0.75 + 0.25 * x.var(1)).tolist(), rel=1e-3)
    assert found.set_mean == found.set_var == []


def test_a_wide_norm_shows_its_first_channels(tiny: MakeSpec, entry: MakeEntry) -> None:
    wide = msgspec.structs.replace(tiny(entry("batchnorm")), model=ModelSpec(name="cnn", params={"width": 9}))
    training = Training(wide)
    probe, _ = probed(training)
    layer = {layer.name: layer for layer in probe.norms({})}["conv3.norm"]
    assert layer.channels == 18
    assert len(layer.batch_mean) == len(layer.batch_var) == len(layer.running_mean) == CHANNELS


def test_the_inside_is_that_of_outputs_activations_gradients_and_weights(training: Training) -> None:
    with torch.no_grad():  # units that can never fire
        training.model.get_parameter("conv2_out.batchnorm.weight")[0] = 0
        training.model.get_parameter("conv2_out.batchnorm.bias")[0] = -1
    probe, inputs = probed(training)
    layers = {layer.name: layer for layer in probe.inside()}
    assert list(layers) == [f"conv{number}" for number in range(1, 7)]
    conv2, x = layers["conv2"], recorded(training, "conv2_out", inputs).double()
    weight = training.model.get_parameter("conv2.weight")
    assert weight.grad is not None
    assert conv2.mean == pytest.approx(x.mean().item(), rel=1e-4)
    assert conv2.std == pytest.approx(x.std(correction=0).item(), rel=1e-4)
    assert conv2.dead == 0.5
    assert conv2.grad == pytest.approx(weight.grad.norm().item(), rel=1e-5)
    assert conv2.weight == pytest.approx(weight.norm().item(), rel=1e-5)
    assert layers["conv1"].dead == 0.0


def test_the_histogram_is_that_of_what_enters_the_activation(training: Training) -> None:
    with torch.no_grad():
        training.model.get_parameter("conv2_out.batchnorm.weight").fill_(0)
        training.model.get_parameter("conv2_out.batchnorm.bias").copy_(torch.tensor([-9.0, 0.6]))
    probe, _ = probed(training)
    layers = {layer.name: layer.histogram for layer in probe.inside()}
    found = dict(enumerate(layers["conv2"]))
    upper = found.pop(int((0.6 + HISTOGRAM_EDGE) * 4))
    lower = found.pop(0)  # beyond the lower end
    assert lower + upper == pytest.approx(10_000, abs=1) and 0.45 < lower / 10_000 < 0.55
    assert set(found.values()) == {0}
    for parts in layers.values():
        assert len(parts) == HISTOGRAM_BINS and sum(parts) == pytest.approx(10_000, abs=HISTOGRAM_BINS)


def test_drift_is_the_distance_from_the_first_weights_in_lengths_of_them(training: Training) -> None:
    probe, _ = probed(training)
    assert training.origin is not None
    assert {layer.drift for layer in probe.inside(training.origin)} == {0.0}
    with torch.no_grad():
        training.model.get_parameter("conv4.weight").mul_(-2)
    drifts = {layer.name: layer.drift for layer in probe.inside(training.origin)}
    assert drifts.pop("conv4") == pytest.approx(3.0)
    assert set(drifts.values()) == {0.0}
    assert {layer.drift for layer in probe.inside()} == {None}


def test_a_layer_that_began_at_zero_has_no_drift(training: Training) -> None:
    with torch.no_grad():
        training.model.get_parameter("conv1.weight").zero_()
    training.origin = Origin(training.model)
    with torch.no_grad():
        training.model.get_parameter("conv1.weight").fill_(0.1)
    probe, _ = probed(training)
    assert {layer.name: layer.drift for layer in probe.inside(training.origin)}["conv1"] is None


def test_statistics_of_the_set_are_those_of_all_its_samples_at_once(training: Training) -> None:
    inputs = training.task.clean.inputs
    training.model.eval()
    probe = SetProbe(training.model)
    with probe.watching(), torch.no_grad():
        for batch in torch.split(inputs, [30, 1, 49]):
            training.model(batch)
    found = probe.statistics()
    for name in norm_modules(training.model):
        layer = name.removesuffix(".norm")
        x = by_channel(recorded(training, f"{layer}_out.batchnorm", inputs))
        assert found[name][0] == pytest.approx(x.mean(1).tolist(), rel=1e-4, abs=1e-5)
        assert found[name][1] == pytest.approx(x.var(1).tolist(), rel=1e-3)


def test_set_statistics_lose_no_digits_far_from_zero() -> None:
    from regtui.engine.models.sites import Place

    place = Place("linear", "layer", 3)
    place.put("batchnorm", nn.BatchNorm1d(3).eval())
    x = torch.randn(1000, 3, generator=torch.Generator().manual_seed(0)) * 0.01 + 500
    probe = SetProbe(place)
    with probe.watching():
        for batch in torch.split(x, 64):
            place(batch)
    assert probe.statistics()["layer.norm"][1] == pytest.approx(x.double().var(0).tolist(), rel=1e-3)


def test_probes_change_no_weight_and_no_buffer(tiny: MakeSpec, make_run: MakeRun, entry: MakeEntry) -> None:
    stack = (entry("crop"), entry("batchnorm"), entry("dropout"), entry("weight_decay"))
    without, with_probes = make_run(tiny(*stack, probes=0)), make_run(tiny(*stack, probes=60))
    assert len(with_probes.all(Norms)) == 30
    assert without.all(Norms) == []
    ours, theirs = without.weights(), with_probes.weights()
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_no_hook_stays_behind(training: Training) -> None:
    def hooks() -> dict[str, int]:
        modules = training.model.named_modules()
        return {path: len(module._forward_pre_hooks) + len(module._forward_hooks) for path, module in modules}

    before = hooks()
    with pytest.raises(RuntimeError), StepProbe(training.model).watching():
        training.model(torch.zeros(2, 7, 28, 28))
    assert hooks() == before


@pytest.mark.parametrize("layer", ["conv1", "conv4", "head", ""])
def test_the_first_layer_that_is_not_finite_is_named(tiny: MakeSpec, layer: str) -> None:
    training = Training(tiny(data=DataSpec(train=40, validation=0, test=10)))
    if layer:
        with torch.no_grad():
            training.model.get_parameter(f"{layer}.bias").fill_(torch.nan)
    assert first_non_finite_layer(training.model, training.task.train.inputs[:4]) == layer


def test_event_numbers_are_short(tiny: MakeSpec, make_run: MakeRun, entry: MakeEntry) -> None:
    made: MadeRun = make_run(tiny(entry("batchnorm")))
    for event in made.all(Norms):
        for layer in event.layers:
            for number in (*layer.batch_mean, *layer.batch_var, *layer.running_var, *layer.set_var):
                assert number == float(f"{number:.6g}")
