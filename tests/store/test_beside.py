"""A disk that holds a write for a minute: whoever records goes on, is told so, and nothing is lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from regtui.events import Finished, Marker
from regtui.spec import RunSpec
from regtui.store import Recorder, beside, lock, replay, rundir
from regtui.store.beside import RecorderBeside

SPEC = RunSpec(scenario="s/t", arm="a", seed=2)
RUN = "20260102-030405-abcdef"
END = Finished(run=RUN, step=4, seconds=0.2, wall_seconds=0.3, samples_per_s=80.0)


def note(step: int) -> Marker:
    return Marker(run=RUN, step=step, kind="note", text=str(step))


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)


@pytest.fixture
def recorder(tmp_path: Path, stuck_disk: threading.Event, monkeypatch: pytest.MonkeyPatch) -> Iterator[RecorderBeside]:
    monkeypatch.setattr(beside, "ANSWER", 0.01)
    monkeypatch.setattr(beside, "FAREWELL", 0.01)
    recorder = RecorderBeside(tmp_path)
    yield recorder
    stuck_disk.set()
    recorder.close()


def test_nothing_waits_and_nothing_is_lost(
    recorder: RecorderBeside, tmp_path: Path, stuck_disk: threading.Event
) -> None:
    recorder.open(RUN, SPEC)
    for event in (note(1), note(2), END):
        recorder.append(event)
    recorder.catch_up()
    assert not recorder.left
    recorder.close()
    assert recorder.left.startswith("The disk does not answer: what was measured last may not be recorded")
    stuck_disk.set()
    until(lambda: replay(tmp_path / RUN).state == "finished")
    assert [marker.step for marker in replay(tmp_path / RUN).markers] == [1, 2] and not recorder.warning


def test_a_slow_disk_is_told_while_it_is_slow(
    recorder: RecorderBeside, tmp_path: Path, stuck_disk: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(beside, "SLOW", 0.001)
    recorder.open(RUN, SPEC)
    recorder.append(note(1))
    until(lambda: "has not answered for 0 s" in recorder.notice and str(tmp_path) in recorder.notice)
    assert not recorder.warning
    stuck_disk.set()
    until(lambda: not recorder.notice)


def test_a_disk_that_never_answers_is_given_up(
    recorder: RecorderBeside, tmp_path: Path, stuck_disk: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder.open(RUN, SPEC)
    recorder.append(note(1))
    until(lambda: (tmp_path / RUN / rundir.RECORD).exists())
    monkeypatch.setattr(beside, "HOPELESS", 0.0)
    recorder.append(note(2))
    assert recorder.notice == f"Recording stopped: no answer for 0 min in {tmp_path}. Training goes on unrecorded."
    recorder.append(note(3))
    stuck_disk.set()
    until(lambda: not (tmp_path / RUN / "writer.json").exists())
    assert [marker.step for marker in replay(tmp_path / RUN).markers] == [1]


def test_what_a_worker_prints_does_not_gather_without_end(
    recorder: RecorderBeside, tmp_path: Path, stuck_disk: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(beside, "MOST_TEXTS", 3)
    recorder.open(RUN, SPEC)
    recorder.append(note(1))
    for _ in range(100):
        recorder.log(RUN, b"x")
    stuck_disk.set()
    recorder.close()
    until(lambda: 1 <= (tmp_path / RUN / "log.txt").stat().st_size <= 5)


def test_a_full_disk_is_told_as_ever(recorder: RecorderBeside, tmp_path: Path) -> None:
    (tmp_path / RUN).write_text("a file where the directory should be")
    recorder.open(RUN, SPEC)
    until(lambda: recorder.notice.startswith("Recording stopped: "))


def test_whether_somebody_else_makes_a_run_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "LOOKED_AT", 0.01)
    other, ours = Recorder(tmp_path), RecorderBeside(tmp_path)
    other.open(RUN, SPEC)
    assert not ours.reopen(RUN)
    other.close()
    assert ours.reopen(RUN)
    ours.append(END)
    ours.catch_up()
    assert replay(tmp_path / RUN).state == "finished"
    ours.close()


def test_whatever_goes_wrong_beside_the_screen_is_told(
    recorder: RecorderBeside, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError("no such luck")

    monkeypatch.setattr(rundir, "_write_all", fails)
    recorder.open(RUN, SPEC)
    recorder.append(note(1))
    until(lambda: recorder.notice.startswith("Recording stopped: no such luck in "))
    until(lambda: not recorder.is_behind)
