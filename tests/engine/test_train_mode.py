"""Switching a live run between train() and eval(): what its steps then do, and what is told and kept of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import torch

from regtui import events
from regtui.commands import SetMode, Stop
from regtui.engine.regularizers.dropout import DropoutLayer
from regtui.events import AnyRunEvent, Evaluated, Marker, Steps
from regtui.modes import MODE_KEY, Mode
from regtui.store import RunHistory

if TYPE_CHECKING:
    from tests.engine.conftest import MadeRun, MakeEntry, MakeRun, MakeSpec


def switched(mode: Mode) -> SetMode:
    return SetMode(run="r", mode=mode)


def losses(made: MadeRun) -> list[float]:
    return [bucket.mean for event in made.all(Steps) for bucket in event.loss]


def test_in_eval_mode_the_steps_are_those_of_the_arm_without_dropout(
    tiny: MakeSpec, entry: MakeEntry, make_run: MakeRun
) -> None:
    with_dropout = tiny(entry("dropout", "block", p=0.5), entry("dropblock"))
    without, switched_off = make_run(tiny()), make_run(with_dropout, commands=[switched("eval")])
    assert losses(switched_off) == losses(without)
    ours, theirs = switched_off.weights(), without.weights()
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)


def test_in_eval_mode_batchnorm_uses_its_running_statistics_and_leaves_them(
    tiny: MakeSpec, entry: MakeEntry, make_run: MakeRun
) -> None:
    spec = tiny(entry("batchnorm"), evaluations=6)
    seen: dict[int, dict[str, torch.Tensor]] = {}

    def switch(made: MadeRun, event: AnyRunEvent) -> None:
        if isinstance(event, Evaluated):
            seen[event.step] = {name: value for name, value in made.weights().items() if "running" in name}
            if event.step in (10, 20):
                made.control.send(switched("eval" if event.step == 10 else "train"))

    make_run(spec, switch)

    def same(one: int, other: int) -> bool:
        return all(torch.equal(value, seen[other][name]) for name, value in seen[one].items())

    assert seen[10] and same(10, 15) and same(10, 20)
    assert not same(5, 10) and not same(20, 25)


def test_the_switch_is_told_at_its_step_once_and_makes_a_steered_run(
    tiny: MakeSpec, entry: MakeEntry, make_run: MakeRun
) -> None:
    def switch(made: MadeRun, event: AnyRunEvent) -> None:
        if isinstance(event, Evaluated) and event.step == 10:
            for _ in range(2):
                made.control.send(switched("eval"))

    made = make_run(tiny(entry("dropout")), switch)
    (told,) = made.all(Marker)
    assert (told.step, told.kind, told.key, told.value) == (10, "set", MODE_KEY, "eval")
    history = RunHistory("r", made.spec)
    assert history.mode == "train"
    for event in made.events:
        history.apply(events.decode(events.encode(event)))  # as a replay of the record does
    assert history.mode == "eval" and history.is_steered and history.result is None


def test_evaluations_between_leave_the_run_in_its_mode(tiny: MakeSpec, entry: MakeEntry, make_run: MakeRun) -> None:
    modes: list[bool] = []

    def look(made: MadeRun, event: AnyRunEvent) -> None:
        if isinstance(event, Steps):
            modes.extend(m.training for m in made.training.model.modules() if isinstance(m, DropoutLayer))

    make_run(tiny(entry("dropout"), evaluations=6), look, commands=[switched("eval")])
    assert modes and not any(modes)


@pytest.mark.parametrize("back", [False, True])
def test_a_resumed_run_goes_on_in_the_mode_it_was_in(
    tiny: MakeSpec, entry: MakeEntry, make_run: MakeRun, tmp_path: Path, back: bool
) -> None:
    spec = tiny(entry("dropout"), entry("batchnorm"), evaluations=6)

    def steer(made: MadeRun, event: AnyRunEvent, *, stops: bool) -> None:
        if isinstance(event, Evaluated):
            if event.step == 5:
                made.control.send(switched("eval"))
            if event.step == 10 and back:
                made.control.send(switched("train"))
            if event.step == 15 and stops:
                made.control.send(Stop(run="r"))

    whole = make_run(spec, lambda made, event: steer(made, event, stops=False))
    make_run(spec, lambda made, event: steer(made, event, stops=True), store=tmp_path)
    rest = make_run(spec, store=tmp_path, resume=True)
    assert rest.training.mode == ("train" if back else "eval")
    ours, theirs = rest.weights(), whole.weights()
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
