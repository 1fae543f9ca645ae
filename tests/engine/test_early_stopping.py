"""Early stopping: when the run ends, which weights it ends with, and what it says about that."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
import torch
from torch import nn

from regtui.commands import Stop
from regtui.engine import regularizers
from regtui.engine.randomness import Randomness
from regtui.engine.regularizers import Regularizer
from regtui.events import AnyRunEvent, Evaluated, Finished, Marker, Measured, Started
from regtui.spec import DataSpec, evaluation_steps
from regtui.store.history import RunHistory

if TYPE_CHECKING:
    from tests.engine.conftest import MadeRun, MakeEntry, MakeRun, MakeSpec

OVERFITTING: dict[str, Any] = {
    "data": DataSpec(train=80, validation=40, test=40, label_noise=0.5),
    "epochs": 30,
    "batch_size": 16,
    "evaluations": 30,
    "lr": 0.03,
    "probes": 0,
}
"""The validation loss of this run falls for a few epochs and then rises."""


def evaluated(step: int, loss: float) -> Evaluated:
    measured = Measured(loss=loss, accuracy=50.0)
    return Evaluated(run="r", step=step, epoch=0.0, seconds=0.0, train=measured, validation=measured, test=measured)


def model_at(step: int) -> nn.Module:
    model = nn.Linear(1, 1)
    nn.init.constant_(model.weight, step)
    return model


def watch(stopping: Regularizer, losses: list[float]) -> int:
    """How many of the evaluations the run lives to see."""
    for step, loss in enumerate(losses, start=1):
        stopping.on_evaluated(model_at(step), evaluated(step, loss))
        if stopping.ending:
            return step
    return 0


@pytest.mark.parametrize(
    ("losses", "settings", "ends", "best"),
    [
        ([3, 2, 1, 2, 2, 2], {"patience": 2}, 5, 3),
        ([3, 2, 1, 2, 0.5, 2], {"patience": 2}, 0, 5),
        ([3, 2, 1, 1, 1], {"patience": 2}, 5, 3),  # as low is not lower
        ([3, 2.9, 2.8, 2.7], {"patience": 3, "min_delta": 0.5}, 4, 1),
        ([3, float("nan"), float("nan")], {"patience": 2}, 3, 1),
    ],
)
def test_it_ends_after_its_patience_with_the_best_weights(
    losses: list[float], settings: dict[str, float], ends: int, best: int, randomness: Randomness, entry: MakeEntry
) -> None:
    stopping = regularizers.build(entry("early_stopping", **settings), randomness)
    assert watch(stopping, losses) == ends
    final = stopping.final_model(model_at(99))
    assert isinstance(final, nn.Linear)
    assert final.weight.item() == best
    assert f"step {best} " in stopping.kept


def test_the_latest_weights_are_final_where_they_are_the_best(randomness: Randomness, entry: MakeEntry) -> None:
    stopping, model = regularizers.build(entry("early_stopping"), randomness), model_at(2)
    stopping.on_evaluated(model_at(1), evaluated(1, 2.0))
    stopping.on_evaluated(model, evaluated(2, 1.0))
    assert stopping.final_model(model) is model


def test_a_run_ends_early_and_says_so(tiny: MakeSpec, make_run: MakeRun, entry: MakeEntry) -> None:
    made = make_run(tiny(entry("early_stopping", patience=3), **OVERFITTING))
    last = made.events[-1]
    assert isinstance(last, Finished)
    assert last.step == made.training.step < made.spec.total_steps
    assert "3 evaluations" in last.reason
    points = [event.step for event in made.all(Evaluated)]
    assert points == list(evaluation_steps(made.spec)[: len(points)])
    assert points[-1] == last.step


def test_the_last_evaluation_is_of_the_best_weights(tiny: MakeSpec, make_run: MakeRun, entry: MakeEntry) -> None:
    made = make_run(tiny(entry("early_stopping", patience=3), **OVERFITTING))
    *before, last = made.all(Evaluated)
    losses = {event.step: event.validation.loss for event in before if event.validation}
    best = min(losses, key=losses.__getitem__)
    assert last.validation is not None
    assert last.validation.loss == losses[best]
    assert last.test == next(event.test for event in before if event.step == best)
    (marker,) = made.all(Marker)
    assert marker.kind == "kept"
    assert f"step {best} " in marker.text
    # Until then it trained as if nobody watched, and what it saw on the way were the weights of the moment.
    plain = make_run(tiny(**OVERFITTING))
    assert [event.validation for event in before] == [e.validation for e in plain.all(Evaluated)][: len(before)]


def test_a_run_that_is_not_ended_still_keeps_the_best(tiny: MakeSpec, make_run: MakeRun, entry: MakeEntry) -> None:
    made = make_run(tiny(entry("early_stopping", patience=100), **OVERFITTING))
    last = made.events[-1]
    assert isinstance(last, Finished)
    assert (last.step, last.reason) == (made.spec.total_steps, "")
    assert [marker.kind for marker in made.all(Marker)] == ["kept"]
    losses = [event.validation.loss for event in made.all(Evaluated) if event.validation]
    assert losses[-1] == min(losses)


def test_it_watches_and_keeps_the_average_that_is_evaluated(
    tiny: MakeSpec, make_run: MakeRun, entry: MakeEntry
) -> None:
    stack = (entry("ema", decay=0.9), entry("early_stopping", patience=3))
    made, plain = make_run(tiny(*stack, **OVERFITTING)), make_run(tiny(stack[0], **OVERFITTING))
    *before, last = made.all(Evaluated)
    assert [e.validation for e in before] == [e.validation for e in plain.all(Evaluated)][: len(before)]
    assert last.validation is not None
    assert last.validation.loss == min(event.validation.loss for event in before if event.validation)


@pytest.mark.parametrize("stop", [5, 12])
def test_a_resumed_run_ends_where_the_uninterrupted_one_does(
    stop: int, tiny: MakeSpec, make_run: MakeRun, entry: MakeEntry, tmp_path: Path
) -> None:
    def stop_at(made: MadeRun, event: AnyRunEvent) -> None:
        if isinstance(event, Evaluated) and event.step == 5 * stop:
            made.control.send(Stop(run="r"))

    stack = (entry("batchnorm"), entry("swa", start=0.2), entry("ema"), entry("early_stopping", patience=9))
    spec = tiny(*stack, **OVERFITTING)
    whole = make_run(spec)
    make_run(spec, stop_at, store=tmp_path)
    resumed = make_run(spec, store=tmp_path, resume=True)
    assert resumed.all(Started)[0].start_step == 5 * stop
    ours = [(e.step, e.train, e.validation, e.test) for e in resumed.all(Evaluated)]
    theirs = [(e.step, e.train, e.validation, e.test) for e in whole.all(Evaluated)]
    assert ours == theirs[stop:]
    assert [m.text for m in resumed.all(Marker)] == [m.text for m in whole.all(Marker)]
    # A run that has ended has nothing to go on with, and says the same again.
    (again,) = make_run(spec, store=tmp_path, resume=True).all(Finished)
    assert (again.step, again.reason) == (whole.all(Finished)[0].step, whole.all(Finished)[0].reason)


def test_without_a_validation_split_it_is_refused(tiny: MakeSpec, make_run: MakeRun, entry: MakeEntry) -> None:
    with pytest.raises(ValueError, match=r"early_stopping reads the validation split; data.validation is 0"):
        make_run(tiny(entry("early_stopping"), data=DataSpec(train=80, validation=0, test=40)))


def test_the_history_of_such_a_run_is_finished_and_says_why(
    tiny: MakeSpec, make_run: MakeRun, entry: MakeEntry
) -> None:
    made = make_run(tiny(entry("early_stopping", patience=3), **OVERFITTING))
    history = RunHistory("r", made.spec)
    for event in made.events:
        history.apply(msgspec.json.decode(msgspec.json.encode(event), type=type(event)))
    assert history.state == "finished"
    assert history.result == made.all(Evaluated)[-1]
    assert history.step == made.training.step < history.total_steps
    assert "3 evaluations" in history.ended_early
    assert not history.trouble


def test_keeping_the_best_costs_no_draws(tiny: MakeSpec, make_run: MakeRun, entry: MakeEntry) -> None:
    stack = (entry("dropout"), entry("crop"))
    watched = make_run(tiny(*stack, entry("early_stopping", patience=100))).weights()
    plain = make_run(tiny(*stack)).weights()
    assert all(torch.equal(watched[name], plain[name]) for name in plain)
