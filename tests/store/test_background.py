"""A recorder that nobody waits for: the same record in the end, whatever the disk takes its time for."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from regtui.events import AnyRunEvent, Bucket, Finished, Started, Steps
from regtui.spec import RunSpec
from regtui.store import BackgroundRecorder, Recorder, background, rundir
from regtui.store.lock import is_held
from regtui.store.rundir import RECORD, read_events

RUN, OTHER = "20260102-030405-abcdef", "20260102-030405-abcdeg"
SPEC = RunSpec(scenario="s", arm="a", seed=0)


def stream(run: str) -> list[AnyRunEvent]:
    started = Started(run=run, device="cpu", device_label="2 cores", threads=1, precision="fp32", parameters=9,
                      total_steps=50, steps_per_epoch=2, train_samples=4, clean_samples=4)  # fmt: skip
    steps = [Steps(run=run, loss=[Bucket(i, 1, 1.0, 1.0, 1.0)], accuracy=[], step=i, seconds=i / 9, samples_per_s=1.0,
                   lr=0.1) for i in range(1, 51)]  # fmt: skip
    return [started, *steps, Finished(run=run, step=50, seconds=6.0, wall_seconds=6.0, samples_per_s=1.0)]


@contextmanager
def stuck_disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Writing to a record takes until the disk is let go; the event tells that a write has come to wait."""
    free, waits, write = threading.Event(), threading.Event(), rundir._write_all

    def slow(*arguments: object) -> None:
        waits.set()
        assert free.wait(60)
        write(*arguments)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(rundir, "_write_all", slow)
        try:
            yield waits
        finally:
            free.set()


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def test_the_record_is_what_a_recorder_that_waits_would_have_written(tmp_path: Path) -> None:
    made = []
    for root, recorder in ((root := tmp_path / kind.__name__, kind(root)) for kind in (Recorder, BackgroundRecorder)):
        for run in (RUN, OTHER):
            recorder.open(run, SPEC)
        for pair in zip(stream(RUN), stream(OTHER), strict=True):
            for event in pair:
                recorder.append(event)
        recorder.log(RUN, b"printed\n")
        recorder.close()
        assert recorder.warning == ""
        made.append({path.relative_to(root): path.read_bytes() for path in root.rglob("*") if path.is_file()})
    assert made[0] == made[1] and len(made[0]) == 5


def test_nobody_waits_for_a_disk_that_does_not_answer_and_nothing_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = BackgroundRecorder(tmp_path)
    monkeypatch.setattr(background, "STALLED", 0.0)
    with stuck_disk(monkeypatch) as waits:
        recorder.open(RUN, SPEC)
        for event in stream(RUN):
            recorder.append(event)
        assert waits.wait(60)
        assert "has not answered for" in recorder.warning and str(tmp_path) in recorder.warning
        assert list(read_events(tmp_path / RUN)) == []
    until(recorder.flush)
    assert recorder.warning == "" and list(read_events(tmp_path / RUN)) == stream(RUN)


def test_a_process_that_ends_waits_for_a_moment_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = BackgroundRecorder(tmp_path)
    monkeypatch.setattr(background, "PATIENCE", 0.01)
    with stuck_disk(monkeypatch):
        recorder.open(RUN, SPEC)
        recorder.append(stream(RUN)[0])
        recorder.close()  # comes back while the disk is stuck
        assert not recorder.flush() and "has not answered" in recorder.warning


def test_a_record_that_could_not_be_opened_again_in_time_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = BackgroundRecorder(tmp_path)
    for run in (RUN, OTHER):
        recorder.open(run, SPEC)
    for event in stream(RUN):
        recorder.append(event)
    assert recorder.reopen(RUN) and recorder.warning == "" and is_held(tmp_path / RUN)
    recorder.close(RUN)
    with monkeypatch.context() as patch, stuck_disk(patch):
        patch.setattr(background, "PATIENCE", 0.01)
        recorder.append(stream(OTHER)[0])
        assert recorder.reopen(RUN) and "has not answered" in recorder.warning, "and so nothing is asked of a worker"
    until(recorder.flush)
    assert recorder.warning == "" and not is_held(tmp_path / RUN) and is_held(tmp_path / OTHER)
    other = Recorder(tmp_path)
    assert other.reopen(RUN) and not BackgroundRecorder(tmp_path).reopen(RUN), "it is made elsewhere"
    other.close()


def test_whatever_goes_wrong_beside_the_screen_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = BackgroundRecorder(tmp_path)
    recorder.open(RUN, SPEC)
    monkeypatch.setattr(rundir, "_write_all", lambda *_: (_ for _ in ()).throw(RuntimeError("no such luck")))
    recorder.append(stream(RUN)[0])
    until(recorder.flush)
    assert recorder.warning.startswith("Recording stopped: no such luck in ")
    recorder.append(stream(RUN)[1])
    assert recorder.flush() and (tmp_path / RUN / RECORD).read_bytes() == b""


def test_the_thread_goes_with_the_last_close_and_comes_back_when_it_is_needed(tmp_path: Path) -> None:
    recorder = BackgroundRecorder(tmp_path)
    recorder.open(RUN, SPEC)
    recorder.close()
    until(lambda: recorder._thread is None)
    recorder.open(OTHER, SPEC)
    assert recorder.flush() and (tmp_path / OTHER / RECORD).exists()
    recorder.close()
