"""The explorer in a real terminal, told to go at any moment: the terminal is as it was and no worker is left."""

from __future__ import annotations

import json
import os
import random
import re
import shlex
import signal
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from pty_terminal import HANGS, ROOT, Terminal, gone

from regtui.events import Started
from regtui.export.stored import find

Rounds = Callable[[int, int], int]

STUB = shlex.join([sys.executable, str(ROOT / "tests/runner/stub_worker.py"), "stays"])
"""A worker that is up at once, and that neither the end of its input nor SIGTERM ends."""

WAITS = """
title = "Waits"
section = "overfitting"
question = "Does it go?"
[base]
data = { train = 100, validation = 50, test = 100 }
train = { epochs = 1, batch_size = 20 }
model = { name = "mlp", width = 16, depth = 1 }
[[arms]]
name = "waits"
"""

ENDLESS = WAITS.replace("train = 100,", "train = 1900,").replace("epochs = 1,", "epochs = 90000,") \
    .replace('"waits"', '"plain"')  # fmt: skip
"""Nine million steps: half a million take two minutes on a quiet machine."""

pytestmark = pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks for processes in /proc")

MODES = {b"1049": "alternate screen", b"1000": "mouse", b"1003": "mouse moves", b"1006": "mouse format",
         b"2004": "bracketed paste", b"1004": "focus reports"}  # fmt: skip


def left_on(written: bytes) -> list[str]:
    """Private modes whose last word was `on`."""
    last = dict(re.findall(rb"\x1b\[\?(\d+)([hl])", written))
    hidden = ["hidden cursor"] if last.get(b"25") == b"l" else []
    return [name for mode, name in MODES.items() if last.get(mode) == b"h"] + hidden


def test_told_to_go_at_any_moment_it_leaves_the_terminal_as_it_was(tmp_path: Path, rounds: Rounds) -> None:
    scenario = tmp_path / "waits.toml"
    scenario.write_text(WAITS)
    draw = random.Random(11)
    slowest = 0.0
    # The first four are in the suite: at once, before the first picture, on it, and while something runs.
    moments = [0, 1, 9_000, 16_000, *(draw.randrange(25_000) for _ in range(rounds(0, 96)))]
    for number, moment in enumerate(moments):
        how = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, "ctrl+c")[number % 4]
        terminal = Terminal(tmp_path, str(scenario), "--worker", STUB)
        try:
            keys = iter(" ?\x1bhp")
            deadline = time.monotonic() + HANGS
            while len(terminal.written) < moment and time.monotonic() < deadline:
                before = len(terminal.written)
                terminal.read()
                if len(terminal.written) == before:  # it rests: give it something to draw
                    if (key := next(keys, None)) is None:
                        break
                    terminal.child.send(key)
            workers = terminal.workers()
            if how == "ctrl+c":
                terminal.child.sendintr()
            else:
                os.kill(terminal.child.pid, how)
            terminal.ends()
            ended = time.monotonic()
            while not gone(workers):
                assert time.monotonic() - ended < HANGS, "a worker is left"
                time.sleep(0.01)
            slowest = max(slowest, time.monotonic() - ended)
            terminal.read()
            said = terminal.written.decode("utf-8", "replace")
            assert left_on(terminal.written) == [], f"round {number}: {how} after {moment} bytes"
            assert termios.tcgetattr(terminal.child.child_fd)[:4] == terminal.modes[:4], f"round {number}: {how}"
            assert "Traceback" not in said, said[-3000:]
        finally:
            terminal.child.close(force=True)
    print(f"{len(moments)} rounds; a worker was left for at most {slowest:.2f} s")


def test_what_was_cut_off_is_saved_offered_and_goes_on(tmp_path: Path, rounds: Rounds) -> None:
    scenario = tmp_path / "long.toml"
    scenario.write_text(ENDLESS)
    # SIGKILL cannot be answered by the explorer: there its worker saves, since the system tells it.
    for signum in (signal.SIGHUP, signal.SIGKILL, signal.SIGTERM)[: rounds(1, 3)]:
        store = tmp_path / signum.name
        terminal = Terminal(store, str(scenario), "--workers", "1")
        terminal.until(lambda shown=terminal: "Press space to run the arm" in shown.text)
        terminal.until(lambda shown=terminal: "worker ready" in shown.text)
        terminal.child.send(" ")
        terminal.until(lambda shown=terminal: shown.epoch() > 1)
        workers = terminal.workers()
        os.kill(terminal.child.pid, signum)
        told = time.monotonic()
        while not gone(workers):
            assert time.monotonic() - told < HANGS, "a worker is left"
            time.sleep(0.01)
        print(f"{signum.name}: no worker after {time.monotonic() - told:.2f} s")
        terminal.child.close(force=True)
        (folder,) = (store / "regtui/runs").iterdir()
        saved = json.loads((folder / "checkpoint.json").read_text())["step"]
        record = find(folder.name, folder.parent).history
        assert record.is_interrupted and saved >= record.step > 0

        again = Terminal(store, str(scenario), "--workers", "1")
        try:
            again.until(lambda shown=again: "f finishes 1 interrupted run of Waits" in shown.text)
            again.child.send("f")
            again.until(lambda shown=again, epoch=saved // 5: shown.epoch() > epoch)
            again.child.send("q")
            assert again.ends() == 0
        finally:
            again.child.close(force=True)
        started = find(folder.name, folder.parent).all(Started)
        assert [event.start_step for event in started] == [0, saved]


def test_a_terminal_that_nobody_reads_stops_neither_the_worker_nor_the_end(tmp_path: Path, rounds: Rounds) -> None:
    scenario = tmp_path / "long.toml"
    scenario.write_text(ENDLESS)
    terminal = Terminal(tmp_path, str(scenario), "--workers", "1")

    def unread(seconds: float) -> None:
        """Nobody reads for so long, and the worker trains to the end of it."""
        began = time.monotonic()
        while time.monotonic() - began < seconds:
            before = worked(worker)
            time.sleep(0.1)
        while worked(worker) <= before:
            assert time.monotonic() - began < HANGS + seconds, "the worker waits for the screen"
            time.sleep(0.01)

    try:
        terminal.until(lambda: "Press space to run the arm" in terminal.text and "worker ready" in terminal.text)
        terminal.child.send(" ")
        terminal.until(lambda: terminal.epoch() > 1)
        (worker,) = terminal.workers()
        unread(rounds(3, 60))
        terminal.child.send("?")
        pressed = time.monotonic()
        terminal.until(lambda: "Run what is missing" in terminal.text)
        print(f"the help was there {time.monotonic() - pressed:.2f} s after its key")
        terminal.child.send("\x1b")
        terminal.until(lambda: "Run what is missing" not in terminal.text)
        unread(rounds(3, 60))
        os.kill(terminal.child.pid, signal.SIGTERM)
        told = time.monotonic()
        while not gone([terminal.child.pid, worker]):
            assert time.monotonic() - told < HANGS, "it waits for somebody to read"
            time.sleep(0.02)
        print(f"SIGTERM was served after {time.monotonic() - told:.2f} s")
    finally:
        terminal.child.close(force=True)
    assert list(tmp_path.glob("regtui/runs/*/checkpoint.safetensors")), "the run was saved all the same"


def worked(pid: int) -> int:
    """CPU time of a process so far, in ticks of the system."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


TERMINALS: list[dict[str, str | None]] = [
    {"TERM": "linux", "COLORTERM": None}, {"LC_ALL": "C", "LANG": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"},
    {"TERM": "xterm", "COLORTERM": None}, {"TERM": "screen", "COLORTERM": None},
    {"TERM": "xterm-256color", "COLORTERM": None}, {"TERM": "tmux-256color", "COLORTERM": None}, {"TERM": None},
    {"TERM": "no-such-terminal"}, {"NO_COLOR": "1"}, {"PYTHONIOENCODING": "latin-1", "PYTHONUTF8": "0"},
]  # fmt: skip


def test_a_terminal_that_cannot_move_its_cursor_is_refused_in_a_sentence(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path, "overfitting/ladder", environ={"TERM": "dumb"})
    try:
        assert terminal.ends() == 2
        terminal.read()
        assert "TERM says that this one is dumb" in " ".join(terminal.text.split())
    finally:
        terminal.child.close(force=True)


def test_it_runs_in_every_kind_of_terminal(tmp_path: Path, rounds: Rounds) -> None:
    for environ in TERMINALS[: rounds(2, len(TERMINALS))]:
        terminal = Terminal(tmp_path, "overfitting/ladder", "--worker", STUB, environ=environ)
        try:
            terminal.until(lambda shown=terminal: "worker ready" in shown.text and "Press space" in shown.text)
            if "LC_ALL" in environ or environ.get("TERM") == "linux":
                assert terminal.text.isascii()
            assert "\\u" not in terminal.text
            terminal.child.send("?")
            terminal.until(lambda shown=terminal: "Run what is missing" in shown.text)
            terminal.child.send("\x03")
            assert terminal.ends() == 0, environ
            terminal.read()
            assert left_on(terminal.written) == [], environ
        finally:
            terminal.child.close(force=True)
