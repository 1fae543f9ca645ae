"""What a run does and says from its first event to its last."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest
import torch

from regtui.commands import Pause, Resume, SaveCheckpoint, Set, Step, Stop
from regtui.engine import loop, reporter
from regtui.engine.metrics import evaluate
from regtui.engine.optim import schedule_factor
from regtui.events import (
    AnyRunEvent,
    Checkpoint,
    Diverged,
    Evaluated,
    Finished,
    Inside,
    Marker,
    Norms,
    Started,
    Steps,
    Stopped,
    Trouble,
)
from regtui.spec import DataSpec, RunSpec, evaluation_steps, probe_steps

if TYPE_CHECKING:
    from tests.engine.conftest import MadeRun, MakeEntry, MakeRun, MakeSpec


def told_steps(made: MadeRun) -> list[int]:
    """The steps that the run told, in order."""
    return [
        step
        for event in made.all(Steps)
        for bucket in event.loss
        for step in range(bucket.first, bucket.first + bucket.count)
    ]


def numbers(made: MadeRun) -> list[object]:
    """Everything a run measured, without its times."""
    evaluated = [(e.step, e.train, e.validation, e.test) for e in made.all(Evaluated)]
    losses = [(b.first, b.mean) for event in made.all(Steps) for b in event.loss]
    return [*evaluated, *losses, *[event.layers for event in made.all(Inside)]]


def test_a_run_begins_with_started_ends_with_finished_and_tells_every_step(tiny: MakeSpec, make_run: MakeRun) -> None:
    made = make_run(tiny())
    assert isinstance(made.events[0], Started)
    assert isinstance(made.events[-1], Finished)
    assert made.events[-1].step == made.events[0].total_steps == 30
    assert told_steps(made) == list(range(1, 31))


def test_the_rate_that_is_told_is_that_of_the_last_step(tiny: MakeSpec, make_run: MakeRun) -> None:
    made = make_run(tiny(schedule="cosine", lr=0.01, evaluations=3))
    told = {event.step: event.lr for event in made.all(Steps)}
    assert set(told) >= {10, 20, 30}
    assert told == {step: pytest.approx(0.01 * schedule_factor("cosine", step - 1, 30)) for step in told}


def test_evaluations_come_at_their_steps_after_all_steps_before_them(tiny: MakeSpec, make_run: MakeRun) -> None:
    made = make_run(tiny(evaluations=4))
    assert tuple(event.step for event in made.all(Evaluated)) == evaluation_steps(made.spec)
    told = 0
    for event in made.events:
        if isinstance(event, Steps):
            told = event.step
        elif isinstance(event, Evaluated):
            assert told == event.step
            assert event.epoch == event.step / 10


def test_probes_come_at_their_steps_and_at_evaluations(tiny: MakeSpec, make_run: MakeRun, entry: MakeEntry) -> None:
    made = make_run(tiny(entry("batchnorm"), probes=4, evaluations=3))
    wanted = sorted({*probe_steps(made.spec), *evaluation_steps(made.spec)})
    assert [event.step for event in made.all(Inside)] == wanted
    assert [event.step for event in made.all(Norms)] == wanted
    with_set = [event.step for event in made.all(Norms) if event.layers[0].set_mean]
    assert with_set == list(evaluation_steps(made.spec))


def test_a_run_learns(tiny: MakeSpec, make_run: MakeRun, entry: MakeEntry) -> None:
    data = DataSpec(train=200, validation=0, test=100)
    last = make_run(tiny(entry("batchnorm"), data=data, epochs=8, lr=0.02)).all(Evaluated)[-1]
    assert last.train.accuracy > 40  # chance is 10
    assert last.test is not None
    assert last.test.accuracy > 30
    assert last.validation is None


def test_the_same_spec_gives_the_same_numbers(tiny: MakeSpec, make_run: MakeRun, entry: MakeEntry) -> None:
    spec = tiny(entry("crop"), entry("batchnorm"), entry("dropout"))
    assert numbers(make_run(spec)) == numbers(make_run(spec))


def test_evaluations_see_the_network_in_eval_mode_and_change_nothing(
    tiny: MakeSpec, make_run: MakeRun, entry: MakeEntry
) -> None:
    stack = entry("dropout", p=0.5), entry("batchnorm")
    often, once = make_run(tiny(*stack, evaluations=6)), make_run(tiny(*stack, evaluations=1))
    assert all(torch.equal(value, once.weights()[name]) for name, value in often.weights().items())
    model, test = once.training.model.eval(), once.training.task.test
    assert test is not None and once.all(Evaluated)[-1].test == often.all(Evaluated)[-1].test
    (measured,) = evaluate(model, test.inputs, (test.labels,), once.spec.train.evaluation_batch)
    assert once.all(Evaluated)[-1].test == measured


def test_a_norm_without_averages_is_evaluated_with_the_whole_evaluation_batch(
    tiny: MakeSpec, make_run: MakeRun, entry: MakeEntry
) -> None:
    data = DataSpec(train=16, validation=0, test=160)
    made = make_run(tiny(entry("batchnorm", statistics="batch"), data=data, epochs=1, evaluation_batch=160))
    task, model = made.training.task, made.training.model.eval()
    assert model.evaluation_piece is not None and model.evaluation_piece < 160
    assert task.test is not None
    assert made.all(Evaluated)[-1].test == evaluate(model, task.test.inputs, (task.test.labels,), 160)[0]


def test_under_label_noise_the_true_labels_are_measured_as_well(tiny: MakeSpec, make_run: MakeRun) -> None:
    data = DataSpec(train=80, validation=20, test=40, label_noise=0.5)
    noisy = make_run(tiny(data=data)).all(Evaluated)
    assert all(event.true_train and event.true_train != event.train for event in noisy)
    assert all(event.true_train is None for event in make_run(tiny()).all(Evaluated))


def test_steering_takes_effect_at_the_step_of_its_marker(tiny: MakeSpec, make_run: MakeRun, entry: MakeEntry) -> None:
    def steer(made: MadeRun, event: AnyRunEvent) -> None:
        if isinstance(event, Evaluated) and event.step == 10:
            made.control.send(Set(run="r", key="train.lr", value=0.5))
            made.control.send(Set(run="r", key="dropout.p", value=0.9))

    made = make_run(tiny(entry("dropout"), schedule="constant", lr=0.001), steer)
    assert [(m.step, m.kind, m.key, m.value) for m in made.all(Marker)] == [
        (10, "set", "train.lr", 0.5),
        (10, "set", "dropout.p", 0.9),
    ]
    assert {event.lr for event in made.all(Steps) if event.step <= 10} == {0.001}
    assert {event.lr for event in made.all(Steps) if event.step > 10} == {0.5}
    assert made.training.stack.numbers["dropout@block.p"].item() == pytest.approx(0.9)


@pytest.mark.parametrize(
    ("key", "value"), [("train.lr", -1.0), ("dropout.p", 1.5), ("dropout.q", 0.1), ("mixup.alpha", 0.2), ("", 0.0)]
)
def test_a_bad_set_is_refused_in_a_sentence_and_changes_nothing(
    tiny: MakeSpec, make_run: MakeRun, entry: MakeEntry, key: str, value: float
) -> None:
    spec = tiny(entry("dropout"))
    made = make_run(spec, commands=[Set(run="r", key=key, value=value)])
    (marker,) = made.all(Marker)
    assert (marker.kind, marker.key, marker.step) == ("refused", key, 0)
    assert marker.text
    assert numbers(made) == numbers(make_run(spec))


def test_a_paused_run_takes_exactly_the_steps_it_is_asked_for(tiny: MakeSpec, make_run: MakeRun) -> None:
    def go_on(made: MadeRun, event: AnyRunEvent) -> None:
        match event:
            case Marker(kind="stepped", step=3):
                made.control.send(Step(run="r", count=4))
            case Marker(kind="stepped", step=7):
                made.control.send(Resume(run="r"))

    spec = tiny()
    made = make_run(spec, go_on, commands=[Pause(run="r"), Step(run="r"), Step(run="r", count=2)])
    assert [(m.kind, m.step, m.value) for m in made.all(Marker)] == [
        ("paused", 0, ""),
        ("stepped", 3, 3),
        ("stepped", 7, 4),
        ("resumed", 7, ""),
    ]
    assert told_steps(made) == list(range(1, 31))
    assert numbers(made) == numbers(make_run(spec))


def test_metrics_are_told_before_a_run_holds(tiny: MakeSpec, make_run: MakeRun) -> None:
    def go_on(made: MadeRun, event: AnyRunEvent) -> None:
        if isinstance(event, Marker) and event.kind == "stepped":
            assert told_steps(made) == [1, 2]
            made.control.send(Stop(run="r"))

    made = make_run(tiny(), go_on, commands=[Pause(run="r"), Step(run="r", count=2)])
    assert isinstance(made.events[-1], Stopped)


def test_stepping_to_the_last_step_finishes_the_run(tiny: MakeSpec, make_run: MakeRun) -> None:
    made = make_run(tiny(), commands=[Step(run="r", count=30)])
    assert [marker.kind for marker in made.all(Marker)] == ["stepped"]
    assert isinstance(made.events[-1], Finished)


def test_steps_that_are_none_are_refused(tiny: MakeSpec, make_run: MakeRun) -> None:
    made = make_run(tiny(), commands=[Step(run="r", count=0)])
    assert [marker.kind for marker in made.all(Marker)] == ["refused"]
    assert isinstance(made.events[-1], Finished)


def test_a_stopped_run_says_where_and_leaves_a_checkpoint(tiny: MakeSpec, make_run: MakeRun, tmp_path: Path) -> None:
    def stop(made: MadeRun, event: AnyRunEvent) -> None:
        if isinstance(event, Evaluated):
            made.control.send(Stop(run="r"))

    made = make_run(tiny(), stop, store=tmp_path)
    assert made.events[-2:] == [
        Checkpoint(run="r", step=10, path=str(tmp_path / "r/checkpoint.safetensors")),
        Stopped(run="r", step=10),
    ]
    assert told_steps(made) == list(range(1, 11))


def test_a_run_ends_when_nobody_listens_even_while_paused(tiny: MakeSpec, make_run: MakeRun) -> None:
    def leave(made: MadeRun, event: AnyRunEvent) -> None:
        if isinstance(event, Marker) and event.kind == "paused":
            made.control.end()

    made = make_run(tiny(), leave, commands=[Pause(run="r")])
    assert made.events[-1] == Stopped(run="r", step=0, interrupted=True)


def test_a_checkpoint_that_cannot_be_written_stops_nothing(tiny: MakeSpec, make_run: MakeRun, tmp_path: Path) -> None:
    (tmp_path / "r").write_text("a file where the folder of the run should be")
    made = make_run(tiny(), commands=[SaveCheckpoint(run="r")], store=tmp_path)
    assert {(marker.kind, marker.key) for marker in made.all(Marker)} == {("refused", "checkpoint")}
    assert isinstance(made.events[-1], Finished)


def test_a_rate_that_is_too_high_ends_in_diverged_and_not_in_an_exception(tiny: MakeSpec, make_run: MakeRun) -> None:
    made = make_run(tiny(optimizer="sgd", lr=1e9, schedule="constant"))
    last = made.events[-1]
    assert isinstance(last, Diverged)
    assert not math.isfinite(last.value)
    assert last.layer
    assert told_steps(made) == list(range(1, last.step))
    assert all(math.isfinite(bucket.mean) for event in made.all(Steps) for bucket in event.loss)


@pytest.mark.parametrize("number", [math.nan, math.inf])
def test_the_first_bad_step_and_layer_are_exact(tiny: MakeSpec, make_run: MakeRun, number: float) -> None:
    def poison(made: MadeRun, event: AnyRunEvent) -> None:
        if isinstance(event, Evaluated) and event.step == 10:
            with torch.no_grad():
                made.training.model.get_parameter("conv3.bias").fill_(number)

    last = make_run(tiny(probes=0), poison).events[-1]
    assert isinstance(last, Diverged)
    assert (last.step, last.layer) == (11, "conv3")


def test_infinite_weights_are_found_where_the_loss_hides_them(tiny: MakeSpec, make_run: MakeRun) -> None:
    def poison(made: MadeRun, event: AnyRunEvent) -> None:
        if isinstance(event, Evaluated) and event.step == 10:
            with torch.no_grad():
                made.training.model.get_parameter("conv3.bias").fill_(-math.inf)  # ReLU makes it 0

    last = make_run(tiny(probes=0), poison).events[-1]
    assert isinstance(last, Diverged)
    assert (last.step, last.layer) == (20, "conv3")
    assert math.isnan(last.value)


def test_hidden_infinite_weights_do_not_wait_for_an_evaluation(tiny: MakeSpec, make_run: MakeRun) -> None:
    def poison(made: MadeRun, event: AnyRunEvent) -> None:
        if isinstance(event, Started):
            with torch.no_grad():
                made.training.model.get_parameter("conv3.bias").fill_(-math.inf)

    last = make_run(tiny(probes=0, epochs=20, evaluations=1), poison).events[-1]
    assert isinstance(last, Diverged)
    assert last.step == loop.CHECKED < 20 * 10


def test_the_clock_has_no_say_in_the_step_at_which_a_run_diverges(
    tiny: MakeSpec, make_run: MakeRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "BLOCK", 1)  # told or not after every step
    spec = msgspec.structs.replace(tiny(optimizer="sgd", lr=1e9, probes=0), seed=1)
    steps = set()
    for seconds in (1e-9, math.inf):
        monkeypatch.setattr(reporter, "INTERVAL", seconds)
        last = make_run(spec).events[-1]
        assert isinstance(last, Diverged)
        steps.add(last.step)
    assert steps == {3}, "the second step has a loss and leaves weights that are infinite"


def test_a_layer_that_dies_is_told_once_with_its_step(tiny: MakeSpec, make_run: MakeRun) -> None:
    def kill(made: MadeRun, event: AnyRunEvent) -> None:
        if isinstance(event, Evaluated) and event.step == 10:
            with torch.no_grad():
                made.training.model.get_parameter("conv3.bias").fill_(-100)

    made = make_run(tiny(probes=15, evaluations=3), kill)
    after = sorted(event.step for event in made.all(Inside) if event.step > 10)
    dead = [event for event in made.all(Trouble) if event.kind == "dying" and event.value == 1.0]
    assert [(event.step, event.layer, event.over) for event in dead] == [(after[1], "conv3", False)]
    vanishing = {event.layer for event in made.all(Trouble) if event.kind == "vanishing"}
    assert {"conv1", "conv2", "conv3"} <= vanishing, "nothing flows back through a dead layer"
    assert len(made.all(Trouble)) == len({(event.kind, event.layer) for event in made.all(Trouble)})


def test_a_run_that_trains_well_has_no_trouble(tiny: MakeSpec, make_run: MakeRun, entry: MakeEntry) -> None:
    assert make_run(tiny(entry("batchnorm"), probes=30)).all(Trouble) == []


def test_a_batch_larger_than_the_training_set_is_refused(tiny: MakeSpec, make_run: MakeRun) -> None:
    with pytest.raises(ValueError, match="batch size"):
        make_run(tiny(batch_size=81))


def test_pauses_are_not_training_time(tiny: MakeSpec, make_run: MakeRun, monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that leaps an hour while the run is paused."""
    leap = 0.0

    def away(made: MadeRun, event: AnyRunEvent) -> None:
        nonlocal leap
        if isinstance(event, Marker) and event.kind == "paused":
            leap = 3600.0
            made.control.send(Resume(run="r"))

    import time

    real = time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: real() + leap)
    last = make_run(tiny(), away, commands=[Pause(run="r")]).events[-1]
    assert isinstance(last, Finished)
    assert last.seconds < 600 < 3600 <= last.wall_seconds


def test_a_run_shorter_than_its_evaluations_and_probes_is_made(tiny: MakeSpec, make_run: MakeRun) -> None:
    spec: RunSpec = tiny(data=DataSpec(train=8, validation=0, test=10), epochs=1, evaluations=20, probes=60)
    made = make_run(spec)
    assert made.training.step == 1
    assert isinstance(made.events[-1], Finished)
