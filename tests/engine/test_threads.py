"""`auto` threads: what is chosen from times, and that choosing leaves no trace in the run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec
import pytest
import torch

from regtui import machine
from regtui.commands import RunRequest
from regtui.engine import loop, threads
from regtui.engine.control import Control
from regtui.events import RunEvent, Started, Steps

if TYPE_CHECKING:
    from tests.engine.conftest import MakeSpec


@pytest.fixture(autouse=True)
def one_thread_afterwards() -> Iterator[None]:
    yield
    torch.set_num_threads(1)


@pytest.mark.parametrize(("times", "chosen"), [
    ({1: 9.0, 2: 5.0, 4: 3.0}, 4), ({1: 9.0, 2: 5.0, 4: 6.0}, 2), ({1: 1.0, 2: 3.0}, 1),
    ({1: 1.0, 2: 0.96}, 1), ({1: 1.0, 2: 0.94}, 2),
])  # fmt: skip
def test_the_quickest_is_chosen_and_a_tie_goes_to_fewer(times: dict[int, float], chosen: int) -> None:
    assert threads.fewest(times) == chosen


@pytest.mark.parametrize(("cores", "tried"), [(1, (1,)), (2, (1, 2)), (3, (1, 3)), (16, (1, 8, 16))])
def test_one_half_and_all_cores_are_tried(cores: int, tried: tuple[int, ...]) -> None:
    assert threads.candidates(cores) == tried


def test_steps_are_timed_with_each_number_of_threads(tiny: MakeSpec, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "cores", lambda: 4)
    seconds, now, taken = {1: 9.0, 2: 4.0, 4: 5.0}, 0.0, list[int]()

    def step() -> None:
        nonlocal now
        taken.append(torch.get_num_threads())
        now += seconds[taken[-1]]

    spec = msgspec.structs.replace(tiny(), threads="auto", device="cpu")
    settled = threads.settle(spec, lambda _: step, clock=lambda: now)
    assert settled == msgspec.structs.replace(spec, threads=2)
    assert {number: taken.count(number) for number in taken} == dict.fromkeys((1, 2, 4), 7)


def test_a_number_is_left_as_it_is_and_nothing_is_timed(tiny: MakeSpec) -> None:
    def unwanted(_: object) -> threads.TakeStep:
        raise AssertionError("a training was built")

    assert threads.settle(tiny(), unwanted) == tiny()


def test_a_run_that_settled_its_threads_trains_as_if_they_had_been_named(
    tiny: MakeSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "cores", lambda: 1)

    def events(number: object) -> list[RunEvent]:
        made: list[RunEvent] = []
        spec = msgspec.structs.replace(tiny(epochs=1), threads=number, device="cpu")
        loop.train(RunRequest(run="r", spec=spec), made.append, Control(), None)
        return made

    automatic, named = events("auto"), events(1)
    assert isinstance(automatic[0], Started) and automatic[0].threads == 1
    # Step by step: how many an event holds is a matter of time.
    losses = [
        [bucket for event in made if isinstance(event, Steps) for bucket in event.loss] for made in (automatic, named)
    ]
    assert losses[0] == losses[1]
