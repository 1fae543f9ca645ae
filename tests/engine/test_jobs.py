"""Which runs a worker makes together, and whom it tells what."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from regtui.commands import Pause, Probe, RunRequest
from regtui.engine import devices
from regtui.engine.jobs import Job, Jobs
from regtui.spec import RunSpec


@pytest.fixture(autouse=True)
def one_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "is_gpu", lambda name: name != "cpu")


def jobs(*on: str) -> Jobs:
    """Runs r0, r1, ... on these devices, the first of which is being made."""
    made = Jobs()
    for number, device in enumerate(on):
        spec = RunSpec(scenario="s", arm="a", seed=0, device=device)
        assert made.add(RunRequest(run=f"r{number}", spec=spec), paused=False)
    assert isinstance(made.next(), Job)
    return made


def waits(wait: Callable[[], None], until: Callable[[], object]) -> bool:
    """Whether something is waited for, and ends."""
    waiting = threading.Thread(target=wait, daemon=True)
    waiting.start()
    waiting.join(0.05)
    was_waiting = waiting.is_alive()
    until()
    waiting.join(10)
    assert not waiting.is_alive()
    return was_waiting


def test_runs_for_the_gpu_join_in_their_order_and_one_for_the_cpu_does_not() -> None:
    made = jobs("auto", "cuda:0", "cpu", "auto")
    assert [job.request.run for job in made.joining()] == ["r1"]
    assert made.joining() == [], "r3 does not overtake r2"


def test_a_probe_goes_to_its_own_run_else_to_one_that_is_being_made() -> None:
    made = jobs("auto", "auto")
    (second,) = made.joining()
    for run in ("r1", "elsewhere"):
        made.ask(Probe(ask=run, run=run, spec=RunSpec(scenario="s", arm="a", seed=0)))
    (own,) = second.control.take()
    assert isinstance(own, Probe) and own.ask == "r1"


def test_probes_that_a_run_did_not_come_to_are_answered_by_another_and_at_last_by_nobodys() -> None:
    made = jobs("auto", "auto")
    (second,) = made.joining()
    probe = Probe(ask="late", run="r1", spec=RunSpec(scenario="s", arm="a", seed=0))
    made.ask(probe)
    made.done(second)
    first = made._current[0]
    assert first.control.has_news
    made.done(first)
    assert made.next() == probe


def test_held_runs_are_woken_by_a_command_by_the_end_and_by_a_newcomer_that_has_room() -> None:
    made = jobs("auto", "cpu")
    assert waits(lambda: made.wait(True), lambda: made.send(Pause(run="r0")))
    made._current[0].control.take()
    made.drop("r1")
    newcomer = RunRequest(run="r9", spec=RunSpec(scenario="s", arm="a", seed=0))
    assert waits(lambda: made.wait(True), lambda: made.add(newcomer, paused=False))
    assert not waits(lambda: made.wait(True), lambda: None)
    assert waits(lambda: made.wait(False), made._current[0].control.end)
