"""BatchNorm's statistics as they are told: against torch on the same values, and recalibration for what it is for."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from regtui import events
from regtui.commands import Probe, ProbeKind
from regtui.engine import answers
from regtui.engine.entering import Entered, batchnorms, entering
from regtui.engine.metrics import evaluate
from regtui.engine.norm_truth import distance, training_batch
from regtui.engine.recalibrate import recalibrate
from regtui.events import AnyRunEvent, Evaluated, NormTruth, Recalibrated, Steps
from regtui.spec import RunSpec

if TYPE_CHECKING:
    from tests.engine.conftest import MadeRun, MakeEntry, MakeRun, MakeSpec


def asked(made: MadeRun, kind: ProbeKind, draw: int = 0, spec: RunSpec | None = None) -> events.AnyAnswer:
    told = answers.answer(Probe(ask="?", kind=kind, spec=spec or made.spec, run="r", draw=draw), made.training)
    assert events.decode(events.encode(told)) == told
    return told


def truth(made: MadeRun, draw: int = 0) -> NormTruth:
    told = asked(made, "norms", draw)
    assert isinstance(told, NormTruth) and not told.trouble
    return told


def entered(values: Tensor) -> Entered:
    values = values.double()
    return Entered(len(values), values.mean(0), values.var(0, correction=0) * len(values))


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(1, 40), min_size=2, max_size=5), st.floats(0, 1e6), st.integers(0, 2**31))
def test_merged_batches_have_the_moments_of_all_values(sizes: list[int], far: float, seed: int) -> None:
    values = far + torch.randn(sum(sizes), 3, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    first, *others = (entered(part) for part in values.split(sizes))
    merged = first
    for more in others:
        merged = merged.with_more(more)
    assert merged.count == len(values)
    torch.testing.assert_close(merged.mean, values.mean(0))
    torch.testing.assert_close(merged.unbiased, values.var(0), rtol=1e-6, atol=1e-9)
    torch.testing.assert_close(merged.biased, values.var(0, correction=0), rtol=1e-6, atol=1e-9)


def test_a_batch_and_its_masks_are_those_of_its_draw_whatever_was_drawn_before(
    tiny: MakeSpec, entry: MakeEntry, make_run: MakeRun
) -> None:
    made = make_run(tiny(entry("dropout", p=0.5), entry("batchnorm"), epochs=1))
    told = truth(made, draw=1)
    for generator in made.training.randomness.generators:
        torch.rand(9, generator=generator)
    assert truth(made, draw=1) == told
    assert truth(made, draw=2).layers != told.layers


def test_what_enters_is_what_torch_would_store(tiny: MakeSpec, entry: MakeEntry, make_run: MakeRun) -> None:
    made = make_run(tiny(entry("batchnorm")))
    model, inputs = made.training.model.train(), made.training.task.train.inputs[:40]
    for norm in batchnorms(model).values():
        norm.momentum = 1.0  # the running statistics are then those of the last batch
    with torch.no_grad(), entering(model) as found:
        model(inputs)
    assert list(found) == [f"conv{i}.norm" for i in range(1, 7)]
    for name, norm in batchnorms(model).items():
        # Torch sums in single precision.
        torch.testing.assert_close(found[name].mean.float(), norm.running_mean, rtol=1e-3, atol=1e-4)
        torch.testing.assert_close(found[name].unbiased.float(), norm.running_var, rtol=1e-3, atol=0)


def test_the_truth_of_the_whole_set_is_one_batch_of_it_all(tiny: MakeSpec, entry: MakeEntry, make_run: MakeRun) -> None:
    made = make_run(tiny(entry("dropout", "block", p=0.5), entry("batchnorm"), entry("crop")))
    told, model, clean = truth(made), made.training.model, made.training.task.clean.inputs
    recalibrate(model, clean)  # 80 samples are one batch: what it stores is the truth itself
    for layer, norm in zip(told.layers, batchnorms(model).values(), strict=True):
        assert norm.running_mean is not None and norm.running_var is not None
        assert layer.whole.mean == pytest.approx(norm.running_mean.tolist(), rel=1e-3, abs=1e-4)
        assert layer.whole.var == pytest.approx(norm.running_var.tolist(), rel=1e-3)
    again = truth(made)
    for layer in again.layers:
        assert layer.running_off is not None
        assert layer.running_off.mean < 1e-3 and layer.running_off.var == pytest.approx(1, abs=1e-3)


def test_the_batch_is_one_of_the_arm_and_its_biased_variance_is_what_training_normalizes_with(
    tiny: MakeSpec, entry: MakeEntry, make_run: MakeRun
) -> None:
    made = make_run(tiny(entry("crop"), entry("batchnorm")))
    told, model = truth(made, draw=3), made.training.model
    assert truth(made, draw=3) == told and truth(made, draw=4).layers[0].batch != told.layers[0].batch
    batch = training_batch(made.training, 3)
    seen: list[Tensor] = []
    norm = next(iter(batchnorms(model).values()))
    handle = norm.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    with torch.no_grad():
        model.train()(batch.inputs)
    handle.remove()
    layer = told.layers[0]
    assert layer.count == 8 * 28 * 28 and told.batch == 8
    assert layer.batch.var == pytest.approx(seen[0].var((0, 2, 3)).tolist(), rel=1e-4)
    assert layer.batch.biased(layer.count) == pytest.approx(seen[0].var((0, 2, 3), correction=0).tolist(), rel=1e-4)
    assert not torch.equal(batch.inputs, made.training.task.train.inputs[batch.samples])


def test_what_is_remembered_is_told_with_its_momentum(tiny: MakeSpec, entry: MakeEntry, make_run: MakeRun) -> None:
    made = make_run(tiny(entry("batchnorm", momentum=0.03)))
    told = truth(made)
    norm = next(iter(batchnorms(made.training.model).values()))
    assert norm.running_mean is not None and told.layers[0].running is not None
    assert told.layers[0].running.mean == pytest.approx(norm.running_mean.tolist(), rel=1e-4)
    assert (told.layers[0].momentum, told.layers[0].batches, told.step) == (0.03, 30, 30)
    assert truth(make_run(tiny(entry("batchnorm", statistics="cumulative")))).layers[0].momentum is None
    without = truth(make_run(tiny(entry("batchnorm", statistics="batch")))).layers[0]
    assert without.running is None and without.running_off is None


def test_the_distance_counts_means_in_deviations_and_variances_as_ratios() -> None:
    values = torch.randn(1000, 4, generator=torch.Generator().manual_seed(0)) * 3 + 5
    true = entered(values)
    off = distance(true.mean + 0.5 * true.unbiased.sqrt(), 2 * true.unbiased, true, 0.0)
    assert (off.mean, off.var, off.spread) == pytest.approx((0.5, 2.0, 0.693147), rel=1e-5)
    both_ways = torch.tensor([0.5, 2.0, 0.5, 2.0]) * true.unbiased
    assert distance(true.mean, both_ways, true, 0.0).var == pytest.approx(1)
    assert distance(true.mean, both_ways, true, 0.0).spread == pytest.approx(0.693147, rel=1e-5)


def test_recalibration_lifts_the_accuracy_of_a_model_whose_averages_lag(
    tiny: MakeSpec, entry: MakeEntry, make_run: MakeRun
) -> None:
    made = make_run(tiny(entry("batchnorm", momentum=0.001), epochs=8))
    before = made.weights()
    test, size = made.training.task.test, made.spec.train.evaluation_batch
    told = asked(made, "recalibrated")
    assert isinstance(told, Recalibrated) and told.before and told.after
    assert told.after.accuracy >= told.before.accuracy + 20 and told.after.loss < told.before.loss
    assert told.changed > 20 and (told.samples, told.judged, told.split) == (80, 40, "test")
    # A copy was measured: nothing of the run has changed, and what is told before is what its evaluations say.
    assert all(torch.equal(value, before[name]) for name, value in made.weights().items())
    assert told.before.accuracy == pytest.approx(made.all(Evaluated)[-1].test.accuracy)  # type: ignore[union-attr]
    model = made.training.model.eval()
    recalibrate(model, made.training.task.clean.inputs)
    (oracle,) = evaluate(model, test.inputs, (test.labels,), size)
    assert (told.after.accuracy, told.after.loss) == pytest.approx((oracle.accuracy, oracle.loss), rel=1e-4)


@pytest.mark.parametrize("kind", ["norms", "recalibrated", "subnetworks"])
def test_a_run_that_is_looked_at_trains_the_same_network(
    kind: ProbeKind, tiny: MakeSpec, entry: MakeEntry, make_run: MakeRun
) -> None:
    spec = tiny(entry("crop"), entry("mixup"), entry("dropout"), entry("batchnorm"))
    draws = itertools.count()

    def curious(made: MadeRun, event: AnyRunEvent) -> None:
        if isinstance(event, Evaluated):
            made.control.send(Probe(ask="?", kind=kind, spec=spec, run="r", draw=next(draws)))

    def losses(made: MadeRun) -> list[float]:
        return [bucket.mean for event in made.all(Steps) for bucket in event.loss]

    alone, watched = make_run(spec), make_run(spec, curious)
    assert watched.answers and not any(told.trouble for told in watched.answers)
    assert losses(watched) == losses(alone)
    weights = watched.weights()
    assert all(torch.equal(value, weights[name]) for name, value in alone.weights().items())


@pytest.mark.parametrize("kind", ["norms", "recalibrated"])
def test_a_network_without_batchnorm_says_so(
    kind: ProbeKind, tiny: MakeSpec, entry: MakeEntry, make_run: MakeRun
) -> None:
    told = asked(make_run(tiny(entry("groupnorm"))), kind)
    assert told.trouble == "tiny cannot be shown: it has no BatchNorm; switch BatchNorm on in the stack"
