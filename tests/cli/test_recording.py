"""The record of a command without a screen on a disk that hangs: waited for, but not against the user's will."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest

from regtui.cli import recording
from regtui.events import Marker
from regtui.spec import RunSpec
from regtui.store import beside
from regtui.store.beside import RecorderBeside
from regtui.store.rundir import read_events

RUN = "20260102-030405-abcdef"


@pytest.fixture
def recorder(tmp_path: Path, stuck_disk: threading.Event, monkeypatch: pytest.MonkeyPatch) -> RecorderBeside:  # noqa: ARG001
    """Two events are still to be written."""
    monkeypatch.setattr(beside, "FAREWELL", 0.01)
    recorder = RecorderBeside(tmp_path)
    recorder.open(RUN, RunSpec(scenario="s/t", arm="a", seed=0))
    for step in (1, 2):
        recorder.append(Marker(run=RUN, step=step, kind="note"))
    return recorder


async def test_everything_is_written_before_the_end(recorder: RecorderBeside, stuck_disk: threading.Event) -> None:
    looks: list[None] = []
    closing = asyncio.create_task(recording.close(recorder, lambda: False, lambda: looks.append(None)))
    async with asyncio.timeout(30):
        while len(looks) < 2:
            await asyncio.sleep(0)
        stuck_disk.set()
        await closing
    assert recorder.left == "" and [event.step for event in read_events(recorder.root / RUN)] == [1, 2]


async def test_an_interrupt_is_heard_meanwhile(recorder: RecorderBeside) -> None:
    looks: list[None] = []
    async with asyncio.timeout(30):
        await recording.close(recorder, lambda: len(looks) > 1, lambda: looks.append(None))
    assert recorder.left.startswith("The disk does not answer: what was measured last may not be recorded")
