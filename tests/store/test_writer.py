"""Who writes a run, as others see it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest

from regtui.events import Finished, Started
from regtui.spec import RunSpec
from regtui.store import Recorder, list_runs, replay, writer
from regtui.store.presence import NO_SIGN, is_alive, is_being_written
from regtui.store.writer import Writer, read_writer, this_process

RUN = "20260102-030405-abcdef"
STARTED = Started(run=RUN, device="cpu", device_label="2 cores", threads=1, precision="fp32", parameters=9,
                  total_steps=3, steps_per_epoch=2, train_samples=4, clean_samples=4)  # fmt: skip


@pytest.fixture
def recorder(tmp_path: Path) -> Recorder:
    made = Recorder(tmp_path)
    made.open(RUN, RunSpec(scenario="own/x", arm="a", seed=0))
    made.append(STARTED)
    return made


def pretend(folder: Path, **changes: object) -> None:
    """As if another process had written."""
    found = read_writer(folder)
    assert found is not None
    (folder / writer.FILE).write_bytes(msgspec.json.encode(msgspec.structs.replace(found, **changes)))


def test_an_open_run_names_the_process_that_records_it(recorder: Recorder, tmp_path: Path) -> None:
    assert read_writer(tmp_path / RUN) == this_process() and this_process().pid == os.getpid()
    assert is_being_written(tmp_path / RUN) and replay(tmp_path / RUN).state == "running"
    recorder.close()
    assert not is_being_written(tmp_path / RUN) and replay(tmp_path / RUN).state == "lost"


def test_a_run_whose_writer_has_gone_is_lost(recorder: Recorder, tmp_path: Path) -> None:
    done = subprocess.Popen([sys.executable, "-c", ""])
    done.wait()
    left = (tmp_path / RUN / writer.FILE).read_bytes()
    recorder.close()  # which a process that is killed does not do: its lock goes, its file stays
    (tmp_path / RUN / writer.FILE).write_bytes(left)
    pretend(tmp_path / RUN, pid=done.pid)
    assert not is_being_written(tmp_path / RUN) and replay(tmp_path / RUN).state == "lost"


def test_a_later_process_with_the_same_number_is_another_one() -> None:
    assert is_alive(this_process())
    if Path("/proc/self/stat").exists():
        assert not is_alive(msgspec.structs.replace(this_process(), started=1.0))


def test_the_writer_of_another_machine_is_judged_by_its_heartbeat(recorder: Recorder, tmp_path: Path) -> None:
    left = (tmp_path / RUN / writer.FILE).read_bytes()
    recorder.close()  # a lock that is held elsewhere is not always seen here
    (tmp_path / RUN / writer.FILE).write_bytes(left)
    pretend(tmp_path / RUN, host="elsewhere", pid=1)
    assert is_being_written(tmp_path / RUN)
    old = time.time() - NO_SIGN - 1
    os.utime(tmp_path / RUN / writer.FILE, (old, old))
    assert not is_being_written(tmp_path / RUN)


def test_the_heart_beats_while_a_run_says_nothing_and_stops_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "BEAT", 0.01)
    recorder = Recorder(tmp_path)
    recorder.open(RUN, RunSpec(scenario="own/x", arm="a", seed=0))
    path = tmp_path / RUN / writer.FILE
    os.utime(path, (0, 0))
    until = time.monotonic() + 10
    while path.stat().st_mtime == 0:
        assert time.monotonic() < until, "no heartbeat"
        time.sleep(0.005)
    recorder.append(Finished(run=RUN, step=3, seconds=0.5, wall_seconds=0.75, samples_per_s=12.0))
    assert recorder.heartbeat._thread is None and not path.exists()


def test_a_damaged_or_missing_file_is_nobody(tmp_path: Path) -> None:
    assert read_writer(tmp_path) is None and not is_being_written(tmp_path)
    (tmp_path / writer.FILE).write_text("{")
    assert read_writer(tmp_path) is None and not is_being_written(tmp_path)
    assert isinstance(this_process(), Writer)


def test_descriptions_that_nest_without_end_are_those_of_nobody(recorder: Recorder, tmp_path: Path) -> None:
    recorder.close()
    (tmp_path / RUN / writer.FILE).write_bytes(b'{"more":' + b"[" * 4000)
    assert read_writer(tmp_path / RUN) is None
    (tmp_path / RUN / "spec.json").write_bytes(b'{"more":' + b"[" * 100_000)
    assert not list(list_runs(tmp_path))
