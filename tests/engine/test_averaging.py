"""EMA and SWA: the averages of torch.optim.swa_utils, evaluated in the place of the latest weights."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.modules.batchnorm import _BatchNorm
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn, update_bn
from torch.testing import assert_close

from regtui.commands import RunCommand, Set, Stop
from regtui.engine import models, regularizers
from regtui.engine.datasets import TaskData
from regtui.engine.models import SiteModel
from regtui.engine.randomness import CPU, Randomness
from regtui.engine.recalibrate import recalibrate
from regtui.engine.regularizers import Regularizer
from regtui.events import AnyRunEvent, Evaluated, Norms
from regtui.spec import ModelSpec

if TYPE_CHECKING:
    from tests.engine.conftest import MadeRun, MakeEntry, MakeRun, MakeSpec

EPOCHS, STEPS = 4, 5


def build(task: TaskData, entry: MakeEntry, *names: str) -> SiteModel:
    model = models.build(ModelSpec(name="cnn", params={"width": 2}), task)
    for name in names:
        regularizers.build(entry(name), Randomness(0, CPU)).build(model)
    models.initialize(model, 0)
    return model


def train(model: SiteModel, task: TaskData, average: Regularizer, after: Callable[[int], None]) -> None:
    """Four epochs of five steps; `after` is told the epoch of each step."""
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for epoch in range(EPOCHS):
        average.on_epoch(epoch, EPOCHS)
        for step in range(STEPS):
            part = slice(20 * step, 20 * step + 20)
            optimizer.zero_grad()
            F.cross_entropy(model(task.train.inputs[part]), task.train.labels[part]).backward()
            optimizer.step()
            average.on_step(model)
            after(epoch)


def assert_same_state(ours: nn.Module, theirs: nn.Module) -> None:
    expected = theirs.state_dict()
    for name, value in ours.state_dict().items():
        assert_close(value, expected[name], rtol=1e-5, atol=1e-6, msg=name)


def test_ema_is_torchs_with_its_buffers(task: TaskData, entry: MakeEntry, randomness: Randomness) -> None:
    model = build(task, entry, "batchnorm")
    ours = regularizers.build(entry("ema", decay=0.8, statistics="averaged"), randomness)
    theirs = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(0.8), use_buffers=True)
    train(model, task, ours, lambda _: theirs.update_parameters(model))
    average = ours.evaluation_model(model, task.clean.inputs)
    for name, counter in model.state_dict().items():
        if not counter.is_floating_point():  # torch averages even these; a counter is not an average
            theirs.module.state_dict()[name].copy_(counter)
    assert_same_state(average, theirs.module)


def test_statistics_that_are_measured_anew_fit_the_average_better(
    task: TaskData, entry: MakeEntry, randomness: Randomness
) -> None:
    model, losses = build(task, entry, "batchnorm"), {}
    entries = {s: regularizers.build(entry("ema", statistics=s), randomness) for s in ("averaged", "measured")}
    both = next(iter(entries.values()))
    train(model, task, both, lambda _: [ema.on_step(model) for ema in entries.values() if ema is not both])
    for statistics, ema in entries.items():
        average = ema.evaluation_model(model, task.clean.inputs).eval()
        losses[statistics] = float(F.cross_entropy(average(task.clean.inputs), task.clean.labels).detach())
    assert losses["measured"] < losses["averaged"]


def test_swa_is_torchs_from_its_epoch_on(task: TaskData, entry: MakeEntry, randomness: Randomness) -> None:
    model = build(task, entry, "batchnorm")
    ours = regularizers.build(entry("swa", start=0.5), randomness)
    theirs = AveragedModel(model)
    train(model, task, ours, lambda epoch: theirs.update_parameters(model) if epoch >= 2 else None)
    average = ours.evaluation_model(model, task.clean.inputs)
    update_bn([task.clean.inputs], theirs)
    assert_same_state(average, theirs.module)
    assert ours.state()["count"] == 2 * STEPS


def test_before_its_epoch_swa_evaluates_the_trained_weights(
    task: TaskData, entry: MakeEntry, randomness: Randomness
) -> None:
    model, seen = build(task, entry), []
    swa = regularizers.build(entry("swa", start=0.5), randomness)
    train(model, task, swa, lambda _: seen.append(swa.evaluation_model(model, task.clean.inputs) is model))
    assert seen == [True] * 10 + [False] * 10


def test_the_last_epoch_is_averaged_whatever_the_start(
    task: TaskData, entry: MakeEntry, randomness: Randomness
) -> None:
    model = build(task, entry)
    swa = regularizers.build(entry("swa", start=0.99), randomness)
    train(model, task, swa, lambda _: None)
    assert swa.state()["count"] == STEPS


def test_an_ema_without_decay_is_the_trained_model(task: TaskData, entry: MakeEntry, randomness: Randomness) -> None:
    model = build(task, entry, "batchnorm")
    ema = regularizers.build(entry("ema", decay=0.0, statistics="averaged"), randomness)

    def check(_: int) -> None:
        average, trained = ema.evaluation_model(model, task.clean.inputs).state_dict(), model.state_dict()
        assert_close(average, trained, rtol=0, atol=1e-6)

    train(model, task, ema, check)


@pytest.mark.parametrize("name", ["ema", "swa"])
def test_averaging_changes_no_bit_of_the_training(
    name: str, tiny: MakeSpec, make_run: MakeRun, entry: MakeEntry
) -> None:
    averaged = make_run(tiny(entry("batchnorm"), entry("dropout"), entry(name)))
    plain = make_run(tiny(entry("batchnorm"), entry("dropout")))
    ours, theirs = averaged.weights(), plain.weights()
    assert all(torch.equal(ours[key], theirs[key]) for key in theirs)
    assert averaged.all(Evaluated)[-1].train != plain.all(Evaluated)[-1].train


def test_an_average_is_smoother_than_what_it_averages(task: TaskData, entry: MakeEntry, randomness: Randomness) -> None:
    model, average = build(task, entry), regularizers.build(entry("ema", decay=0.9), randomness)
    seen: tuple[list[Tensor], list[Tensor]] = ([], [])

    def note(_: int) -> None:
        for kept, of in zip(seen, (model, average.evaluation_model(model, task.clean.inputs)), strict=True):
            kept.append(torch.cat([p.detach().flatten().clone() for p in of.parameters()]))

    train(model, task, average, note)
    jumps = [float(torch.stack(kept).diff(dim=0).norm()) for kept in seen]
    assert jumps[1] < 0.6 * jumps[0]


def test_studies_of_an_average_know_what_was_steered_and_draw_again_after_a_resume(
    tiny: MakeSpec, make_run: MakeRun, entry: MakeEntry, tmp_path: Path
) -> None:
    spec = msgspec.structs.replace(tiny(entry("dropout", p=0.2), entry("ema")), studies=("mode_switch",))

    def at_first_evaluation(command: RunCommand) -> Callable[[MadeRun, AnyRunEvent], None]:
        def tell(made: MadeRun, event: AnyRunEvent) -> None:
            if isinstance(event, Evaluated) and event.step == 10:
                made.control.send(command)

        return tell

    studied = make_run(spec).all(Evaluated)[-1].studied
    assert studied["mode_switch.kept_scale"] == pytest.approx(1.25)
    make_run(spec, at_first_evaluation(Stop(run="r")), store=tmp_path)
    assert make_run(spec, store=tmp_path, resume=True).all(Evaluated)[-1].studied == studied
    steered = make_run(spec, at_first_evaluation(Set(run="r", key="dropout.p", value=0.5)))
    assert steered.all(Evaluated)[-1].studied["mode_switch.kept_scale"] == 2


def test_norms_of_an_average_are_not_told_as_those_of_the_trained(
    tiny: MakeSpec, make_run: MakeRun, entry: MakeEntry
) -> None:
    made = make_run(tiny(entry("batchnorm"), entry("ema")))
    assert made.all(Norms)
    assert all(layer.set_mean == [] for event in made.all(Norms) for layer in event.layers)


def test_recalibration_leaves_modes_momenta_and_dropout_alone(task: TaskData, entry: MakeEntry) -> None:
    with_dropout, without = build(task, entry, "batchnorm", "dropout"), build(task, entry, "batchnorm")
    for model in (with_dropout, without):
        next(model.places("conv")).eval()
        before = [(module.training, getattr(module, "momentum", None)) for module in model.modules()]
        recalibrate(model, task.clean.inputs)
        assert [(module.training, getattr(module, "momentum", None)) for module in model.modules()] == before
    expected = without.state_dict()
    for name, value in with_dropout.state_dict().items():
        assert torch.equal(value, expected[name]), name


def test_recalibration_takes_equal_batches(task: TaskData, entry: MakeEntry, monkeypatch: pytest.MonkeyPatch) -> None:
    from regtui.engine import recalibrate as module

    monkeypatch.setattr(module, "BATCH", 30)
    model, theirs = build(task, entry, "batchnorm"), build(task, entry, "batchnorm")
    recalibrate(model, task.clean.inputs)
    update_bn(list(task.clean.inputs.split(25)), theirs)
    assert_same_state(model, theirs)


def test_a_recalibration_that_breaks_off_leaves_modes_and_momenta_as_they_were(
    task: TaskData, entry: MakeEntry
) -> None:
    model = build(task, entry, "batchnorm").train()
    norms = [module for module in model.modules() if isinstance(module, _BatchNorm)]
    handle = norms[-1].register_forward_pre_hook(lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        recalibrate(model, task.clean.inputs)
    handle.remove()
    assert [norm.momentum for norm in norms] == [0.1] * len(norms)
    assert all(module.training for module in model.modules())
