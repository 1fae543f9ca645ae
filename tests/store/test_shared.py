"""Run directories that others wrote: read as far as they can be, inert whatever they hold, followed while they grow."""

from __future__ import annotations

import json
import math
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regtui import events
from regtui.events import Bucket, Evaluated, Finished, Inside, LayerInside, Marker, Measured, Started, Steps
from regtui.spec import RunSpec
from regtui.store import Recorder, RunHistory
from regtui.store.following import CRASHED_AFTER, Follower
from regtui.store.moment import as_of, seconds_at
from regtui.store.reading import (
    LONGEST_LINE,
    ReadingError,
    Tail,
    decode_shared,
    read_shared_events,
    read_shared_info,
)

RUN = "20260102-030405-abcdef"
SPEC = RunSpec(scenario="s/t", arm="a", seed=2)
EVIL = "\x1b]0;owned\x07\x9b2J\u202e"


def started(**more: object) -> Started:
    given = {"device": "cpu", "device_label": "2", "threads": 1, "precision": "fp32", "parameters": 1,
             "total_steps": 8, "steps_per_epoch": 2, "train_samples": 4, "clean_samples": 4}  # fmt: skip
    return Started(run=RUN, **(given | more))  # type: ignore[arg-type]


def steps(first: int, last: int) -> Steps:
    buckets = [Bucket(i, 1, float(i), float(i), float(i)) for i in range(first, last + 1)]
    return Steps(run=RUN, loss=buckets, accuracy=buckets, step=last, seconds=last / 10, samples_per_s=1.0, lr=0.1)


def evaluated(step: int) -> Evaluated:
    measured = Measured(loss=1.0, accuracy=50.0 + step)
    return Evaluated(run=RUN, step=step, epoch=step / 2, seconds=step / 10, train=measured, test=measured)


CONV1 = LayerInside(name="conv1", mean=0.0, std=1.0)
STREAM = [
    started(), steps(1, 4), evaluated(4), Inside(run=RUN, step=4, layers=[CONV1]),
    Marker(run=RUN, step=5, kind="set", key="dropout.p", value=0.5), steps(5, 8), evaluated(8),
    Finished(run=RUN, step=8, seconds=0.8, wall_seconds=1.0, samples_per_s=9.0),
]  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    recorder = Recorder(tmp_path)
    recorder.open(RUN, SPEC)
    recorder.close()
    return tmp_path / RUN


def write(folder: Path, *lines: events.Event | bytes, mode: str = "ab") -> None:
    with (folder / "events.jsonl").open(mode) as file:
        for line in lines:
            file.write(line if isinstance(line, bytes) else events.encode(line))


def test_texts_of_a_description_are_inert(folder: Path) -> None:
    raw = json.loads((folder / "spec.json").read_text())
    raw["spec"] |= {"arm": EVIL + "x" * 1000, "scenario": EVIL}
    raw["spec"]["model"]["params"] = {EVIL: EVIL}
    (folder / "spec.json").write_text(json.dumps(raw))
    spec = read_shared_info(folder).spec
    texts = [spec.arm, spec.scenario, *spec.model.params, *map(str, spec.model.params.values())]
    assert all(text.isprintable() and len(text) < 2000 for text in texts)


@pytest.mark.parametrize("content", [b"", b"{}", b"[" * 100_000, b"\xff" * 100, b" " * (2 << 20), b'{"run": 3}'])
def test_what_is_no_description_is_refused_in_one_printable_sentence(folder: Path, content: bytes) -> None:
    (folder / "spec.json").write_bytes(content)
    with pytest.raises(ReadingError) as caught:
        read_shared_info(folder)
    assert str(caught.value).isprintable() and "spec.json" in str(caught.value)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_in_the_place_of_a_file_does_not_hang(folder: Path) -> None:
    for name in ("spec.json", "events.jsonl"):
        (folder / name).unlink()
        os.mkfifo(folder / name)
    with pytest.raises(ReadingError, match="not a regular file"):
        read_shared_info(folder)
    assert list(read_shared_events(folder, RUN)) == []


def test_texts_of_events_are_inert_and_bounded(folder: Path) -> None:
    layer = LayerInside(name=EVIL + "y" * 5000, mean=0.0, std=1.0)
    write(folder, Inside(run=RUN, step=1, layers=[layer]))
    (event,) = read_shared_events(folder, RUN)
    assert isinstance(event, Inside)
    assert event.layers[0].name.isprintable() and len(event.layers[0].name) < 1000


@pytest.mark.parametrize(
    "line",
    [
        events.encode(Finished(run="other", step=1, seconds=1, wall_seconds=1, samples_per_s=1)),
        events.encode(evaluated(-4)),
        events.encode(steps(1, 1)).replace(b"[[1,1,", b"[[1,0,"),
        events.encode(steps(1, 1)).replace(b'"step":1', b'"step":' + b"9" * 400),
        events.encode(started()).replace(b'"total_steps":8', b'"total_steps":1' + b"0" * 17),
        b'{"event":"hello"}\n', b"\x00\n", b"[" * 100_000 + b"\n", b'{"event":"steps"', b"\n",
    ],
)  # fmt: skip
def test_events_that_cannot_be_are_passed_over(folder: Path, line: bytes) -> None:
    assert decode_shared(line, RUN) is None
    write(folder, STREAM[0], line.rstrip(b"\n") + b"\n", *STREAM[1:])
    follower = Follower(folder)
    follower.catch_up()
    assert follower.run.state == "finished"


def test_a_number_beyond_all_charts_is_infinite() -> None:
    line = events.encode(evaluated(4)).replace(b'"loss":1.0', b'"loss":1e300')
    event = decode_shared(line, RUN)
    assert isinstance(event, Evaluated) and event.train.loss == math.inf


@given(st.binary(max_size=300))
def test_no_line_raises(line: bytes) -> None:
    decode_shared(line, RUN)


@given(cuts=st.lists(st.integers(1, 400), max_size=30), most=st.integers(1, 500))
def test_however_a_log_grows_its_lines_come_once_and_whole(tmp_path_factory, cuts: list[int], most: int) -> None:
    path = tmp_path_factory.mktemp("log") / "events.jsonl"
    whole = b"".join(events.encode(event) for event in STREAM)
    tail, seen, at = Tail(path), [], 0
    for length in [*cuts, len(whole)]:
        with path.open("ab") as file:
            file.write(whole[at : at + length])
        at += length
        while (lines := tail.read(most)) is not None:
            seen += lines
    assert seen == whole.splitlines() and tail.restarts == 0


def test_a_line_without_an_end_is_passed_over_and_the_rest_is_read(folder: Path) -> None:
    write(folder, b'{"event":"' + b"x" * (3 * LONGEST_LINE), b"\n", *STREAM)
    follower = Follower(folder)
    follower.catch_up()
    assert follower.run.state == "finished" and follower.run.version == len(STREAM)


def test_a_log_that_was_replaced_is_read_again(folder: Path) -> None:
    write(folder, *STREAM)
    follower = Follower(folder)
    follower.catch_up()
    version = follower.run.version
    write(folder, *STREAM[:2], mode="wb")
    follower.catch_up()
    assert follower.run.state == "running" and follower.run.step == 4 and follower.run.version > version - 4


def test_a_run_is_live_then_silent_then_crashed_without_a_word(folder: Path) -> None:
    now = [time.time()]
    write(folder, *STREAM[:2])
    follower = Follower(folder, clock=lambda: now[0])
    follower.catch_up()
    assert follower.condition().pulse == "live"
    now[0] += 60
    assert (follower.condition().pulse, follower.condition().sentence) == ("silent", "silent for 60 s")
    now[0] += CRASHED_AFTER
    assert follower.condition().pulse == "crashed" and "no word for 11 min" in follower.condition().sentence
    write(folder, *STREAM[2:])
    follower.catch_up()
    assert follower.condition().pulse == "ended"


def test_a_paused_run_is_not_called_silent(folder: Path) -> None:
    now = [time.time()]
    write(folder, *STREAM[:2], Marker(run=RUN, step=4, kind="paused"))
    follower = Follower(folder, clock=lambda: now[0])
    follower.catch_up()
    now[0] += 120
    assert follower.condition().pulse == "live"


def record_writer(folder: Path, pid: int, started_at: float, host: str = socket.gethostname()) -> None:
    (folder / "writer.json").write_text(json.dumps({"pid": pid, "host": host, "started": started_at}))


def test_the_process_on_record_decides_at_once(folder: Path) -> None:
    write(folder, *STREAM[:2])
    follower = Follower(folder, clock=lambda: time.time() + 3 * CRASHED_AFTER)
    follower.catch_up()
    record_writer(folder, os.getpid(), time.time())
    assert follower.condition().pulse == "silent"  # it is there, however long it says nothing
    fcntl = pytest.importorskip("fcntl")
    record_writer(folder, 2**31 - 1, time.time())
    assert follower.condition().pulse == "crashed"
    with (folder / "events.jsonl").open("ab") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert follower.condition().pulse == "silent"  # a lock says more than a number
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    record_writer(folder, gone.pid, time.time())
    now = Follower(folder, clock=lambda: time.time() + 10)
    now.catch_up()
    assert now.condition().pulse == "crashed" and f"process {gone.pid}" in now.condition().sentence
    record_writer(folder, gone.pid, time.time(), host=EVIL)
    assert now.condition().pulse == "live"  # of another machine its renewed record tells
    os.utime(folder / "writer.json", (1e9, 1e9))
    assert now.condition().pulse == "crashed" and now.condition().sentence.isprintable()


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at start times in /proc")
def test_a_younger_process_of_the_same_number_is_not_the_writer(folder: Path) -> None:
    write(folder, *STREAM[:2])
    record_writer(folder, os.getpid(), 1_000_000_000.0)
    follower = Follower(folder, clock=lambda: time.time() + 10)
    follower.catch_up()
    assert follower.condition().pulse == "crashed"


def test_as_of_a_step_nothing_later_is_there() -> None:
    run = RunHistory(RUN, SPEC)
    for event in STREAM:
        run.apply(event)
    past = as_of(run, 5)
    assert past.state == "running" and past.step == 5 and past.ending is None and past.last == STREAM[2]
    assert past.loss.steps == [1, 2, 3, 4, 5] and len(past.insides) == 1 and past.is_steered
    assert not as_of(run, 4).is_steered and as_of(run, 0).last is None
    assert as_of(run, 8) is run and run.state == "finished" and len(run.loss) == 8


def test_seconds_at_a_step_follow_the_evaluations() -> None:
    run = RunHistory(RUN, SPEC)
    for event in STREAM:
        run.apply(event)
    assert [seconds_at(run, step) for step in (0, 4, 6, 8, 80)] == pytest.approx([0, 0.4, 0.6, 0.8, 0.8])
