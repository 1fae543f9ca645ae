"""Runs that are made together are the runs that they are alone."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
import pytest
import torch

from regtui.commands import Pause, Resume, RunRequest, Stop
from regtui.engine import loop, racing
from regtui.engine.control import Control
from regtui.engine.devices import Stream
from regtui.engine.racing import MOST, Lane, race
from regtui.events import Evaluated, Event, Finished, RunEvent, Started, Steps, Stopped

if TYPE_CHECKING:
    from regtui.spec import RunSpec
    from tests.engine.conftest import MakeEntry, MakeSpec


class Race:
    """Runs with their controls and what they said, in the order in which they said it."""

    def __init__(self, specs: dict[str, RunSpec]) -> None:
        self.said: list[RunEvent] = []
        self.controls = {name: Control() for name in specs}
        self.lanes = {
            name: Lane(loop.turns(RunRequest(run=name, spec=spec), self.hear, self.controls[name], None), Stream("cpu"))
            for name, spec in specs.items()
        }
        self.listener: Callable[[RunEvent], None] = lambda _: None

    def hear(self, event: Event) -> None:
        assert isinstance(event, RunEvent)
        self.said.append(event)
        self.listener(event)

    def run(self, wait: Callable[[bool], None] = lambda _: pytest.fail("nobody was held")) -> None:
        first, *others = self.lanes.values()
        race(first, join=lambda: [others.pop(0)] if others else [], wait=wait)
        assert not others

    def numbers(self, run: str) -> list[tuple[object, ...]]:
        """What a run trained to: its losses and evaluations."""
        return [
            *((bucket.first, bucket.mean) for event in self.said if isinstance(event, Steps) and event.run == run
              for bucket in event.loss),
            *((event.step, event.train, event.test) for event in self.said
              if isinstance(event, Evaluated) and event.run == run),
        ]  # fmt: skip

    def last(self, run: str) -> RunEvent:
        return [event for event in self.said if event.run == run][-1]


@pytest.fixture
def specs(tiny: MakeSpec, entry: MakeEntry) -> dict[str, RunSpec]:
    """Three runs of unlike length and stack."""
    return {
        "short": tiny(entry("dropout"), epochs=1),
        "long": tiny(entry("batchnorm"), entry("crop"), entry("ema"), epochs=4),
        "plain": msgspec.structs.replace(tiny(entry("mixup"), epochs=2), seed=4),
    }


@pytest.fixture(autouse=True)
def roomy(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the runs were on a GPU with room for all."""
    monkeypatch.setattr(racing, "has_room", lambda lanes: len(lanes) < MOST)


def test_numbers_are_those_of_the_run_alone(specs: dict[str, RunSpec], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop.Loop, "block_seconds", math.inf)  # a busy machine must not end blocks early
    together = Race(specs)
    together.run()
    started = [event.run for event in together.said if isinstance(event, Started)]
    ended = [event.run for event in together.said if isinstance(event, Finished)]
    assert started == ["short", "long", "plain"] and ended == ["short", "plain", "long"], "they took turns"
    for name, spec in specs.items():
        alone = Race({name: spec})
        alone.run()
        assert together.numbers(name) == alone.numbers(name)


def test_a_held_run_lets_the_others_go_on_and_is_waited_for_when_all_are_held(specs: dict[str, RunSpec]) -> None:
    together, waits = Race(specs), []
    together.controls["long"].send(Pause(run="long"))

    def wait(has_room: bool) -> None:
        assert has_room
        waits.append([event.run for event in together.said if isinstance(event, Finished)])
        together.controls["long"].send(Resume(run="long"))

    together.run(wait)
    assert waits == [["short", "plain"]]
    assert isinstance(together.last("long"), Finished)


def test_a_stopped_run_leaves_the_others(specs: dict[str, RunSpec]) -> None:
    together = Race(specs)

    def stop(event: RunEvent) -> None:
        if isinstance(event, Evaluated) and event.run == "long":
            together.controls["long"].send(Stop(run="long"))

    together.listener = stop
    together.run()
    assert isinstance(together.last("long"), Stopped)
    assert isinstance(together.last("short"), Finished) and isinstance(together.last("plain"), Finished)


def test_on_a_cpu_nobody_joins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()

    def one() -> Iterator[bool]:
        yield False

    race(Lane(one(), Stream("cpu")), join=lambda: pytest.fail("asked"), wait=lambda _: pytest.fail("held"))


def test_the_first_run_has_taken_its_memory_before_another_may_join(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []

    def two(name: str) -> Iterator[bool]:
        for turn in range(2):
            done.append(f"{name}{turn}")
            yield False

    monkeypatch.setattr(racing, "has_room", lambda lanes: done.append("asked") or len(lanes) < 2)
    others = [Lane(two("b"), Stream("cpu"))]
    race(Lane(two("a"), Stream("cpu")), join=lambda: [others.pop()] if others else [], wait=lambda _: None)
    assert done[:2] == ["a0", "asked"] and "b1" in done


@dataclass
class Place:
    """Where a lane works, as far as room is concerned."""

    device: torch.device
    is_on_gpu: bool = True


@pytest.mark.parametrize(
    ("free", "reserved", "on", "fits"),
    [
        ((9, 9), (2, 2), (0,), True),
        ((9, 1), (2, 2), (1,), False),  # the other GPU has the room
        ((1, 9), (0, 2), (1,), True),
        ((9, 9), (8, 0), (0, 0), True),  # two of 4
        ((7, 9), (8, 0), (0, 0), False),
        ((9, 1), (2, 2), (0, 1), False),
    ],
)
def test_there_is_room_where_the_gpu_of_the_runs_has_twice_what_one_of_them_takes(
    free: tuple[int, int], reserved: tuple[int, int], on: tuple[int, ...], fits: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.undo()
    first = torch.device("cuda:0")
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device=first: (free[device.index], 100))
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda device=first: reserved[device.index])
    lanes = [Lane(iter(()), Place(torch.device("cuda", number))) for number in on]  # type: ignore[arg-type]
    assert racing.has_room(lanes) == fits


def test_a_gpu_that_has_failed_has_no_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()

    def gone(_: object) -> None:
        raise RuntimeError("CUDA error: device-side assert triggered")

    monkeypatch.setattr(torch.cuda, "mem_get_info", gone)
    assert not racing.has_room([Lane(iter(()), Place(torch.device("cuda:0")))])  # type: ignore[arg-type]


@pytest.mark.gpu
def test_on_a_gpu_runs_on_streams_of_their_own_train_what_they_train_alone(
    cuda: torch.device, specs: dict[str, RunSpec], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    specs = {name: msgspec.structs.replace(spec, device=str(cuda)) for name, spec in specs.items()}

    def made(names: list[str]) -> Race:
        several = Race({name: specs[name] for name in names})
        for name, lane in several.lanes.items():
            several.lanes[name] = Lane(lane.turns, Stream(str(cuda)))
        several.run()
        return several

    together = made([*specs])
    for name in specs:
        ours, theirs = together.numbers(name), made([name]).numbers(name)
        assert [row[0] for row in ours] == [row[0] for row in theirs]
        losses = [[row[1] for row in rows if isinstance(row[1], float)] for rows in (ours, theirs)]
        assert losses[0] == pytest.approx(losses[1], rel=1e-3)
