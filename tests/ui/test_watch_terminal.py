"""`regtui watch` in a real pseudo-terminal, on a run that another process writes, dies over, and ends."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pexpect
import pyte
import pytest

ROOT = Path(__file__).parents[2]
HANGS = 60.0
"""Seconds after which something counts as never happening."""

WRITER = f"""
import json, os, socket, sys, time
from pathlib import Path
sys.path[:0] = [{str(ROOT)!r}, {str(ROOT / "tests/ui")!r}]
from ui_streams import stream
from regtui.scenario import find, load, run_spec
from regtui.store import Recorder
scenario = load(find("overfitting/ladder"))
run, recorder = "20260102-030405-abcdef", Recorder(Path(sys.argv[1]))
spec = run_spec(scenario.id, scenario.arm("baseline"), 0)
recorder.open(run, spec)
who = {{"pid": os.getpid(), "host": socket.gethostname(), "started": time.time()}}
(recorder.root / run / "writer.json").write_text(json.dumps(who))
told = list(stream(run, spec))
for line in sys.stdin:  # each line: up to which share of the run
    upto = int(float(line) * len(told))
    for event in told[:upto]:
        recorder.append(event)
    told = told[upto:]
    print("written", flush=True)
"""
"""Records what it is told to, and nothing by itself: the test needs no pauses."""

pytestmark = pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks for processes in /proc")


class Writer:
    """The process that writes the run."""

    def __init__(self, store: Path) -> None:
        command = [sys.executable, "-c", WRITER, str(store)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def write(self, share: float) -> None:
        """Another part of what is left."""
        assert self.process.stdin is not None and self.process.stdout is not None
        print(share, file=self.process.stdin, flush=True)
        assert self.process.stdout.readline() == "written\n"

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


class Screen:
    """A 120x40 terminal with `regtui watch` in it."""

    def __init__(self, home: Path, *words: str) -> None:
        environ = {
            **os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", "XDG_DATA_HOME": str(home),
            "XDG_STATE_HOME": str(home), "PYTHONPATH": str(ROOT), "LANG": "C.UTF-8",
        }  # fmt: skip
        for name in ("NO_COLOR", "LC_ALL"):
            environ.pop(name, None)
        self._screen = pyte.Screen(120, 40)
        self._stream = pyte.ByteStream(self._screen)
        self.child = pexpect.spawn(
            sys.executable, ["-m", "regtui", "watch", *words], dimensions=(40, 120), env=environ, timeout=HANGS
        )

    @property
    def text(self) -> str:
        return "\n".join(self._screen.display)

    def until(self, condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + HANGS
        while not condition():
            assert time.monotonic() < deadline, self.text
            try:
                self._stream.feed(self.child.read_nonblocking(65536, timeout=0.1))
            except (pexpect.TIMEOUT, pexpect.EOF):
                continue

    def epoch(self) -> float:
        """Where the cursor stands."""
        found = re.search(r"epoch ([\d.]+) of", self.text)
        return float(found[1]) if found else -1.0


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture
def writer(home: Path) -> Iterator[Writer]:
    started = Writer(home / "regtui/runs")
    yield started
    started.kill()


def test_a_run_of_another_process_is_followed_to_its_crash(home: Path, writer: Writer) -> None:
    writer.write(0.3)
    screen = Screen(home, "20260102")
    try:
        screen.until(lambda: "● live" in screen.text and screen.epoch() > 5)
        before = screen.epoch()
        writer.write(0.3)
        screen.until(lambda: screen.epoch() > before)
        screen.child.send("\x1b[D")  # left: the past stays where it is while the run goes on
        screen.until(lambda: screen.epoch() < before + 20 and "running" in screen.text)
        past = screen.epoch()
        writer.write(0.1)
        screen.child.send("\x1b[C" * 20)
        screen.until(lambda: screen.epoch() > past)
        writer.kill()
        screen.until(lambda: f"gone (process {writer.process.pid})" in screen.text)
        screen.until(lambda: "lost" in screen.text)
        children = Path(f"/proc/{screen.child.pid}/task/{screen.child.pid}/children")
        assert not children.exists() or children.read_text() == ""  # who only looks starts no worker
        screen.child.send("q")
        screen.until(lambda: not screen.child.isalive())
        assert screen.child.exitstatus == 0
    finally:
        screen.child.close(force=True)


def test_a_run_that_ends_is_seen_to_end(home: Path, writer: Writer) -> None:
    writer.write(0.5)
    screen = Screen(home, str(home / "regtui/runs/20260102-030405-abcdef"))
    try:
        screen.until(lambda: "● live" in screen.text)
        writer.write(1.0)
        screen.until(lambda: "■ ended" in screen.text and "finished" in screen.text and screen.epoch() == 40)
        screen.child.send("\x1b")  # to the explorer, which is the whole one
        screen.until(lambda: "Which of the three techniques" in screen.text)
        screen.child.send("q")
        screen.until(lambda: not screen.child.isalive())
    finally:
        screen.child.close(force=True)
