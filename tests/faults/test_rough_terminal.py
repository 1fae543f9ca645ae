"""A real terminal treated roughly while it trains: dragged about, hammered on, its worker stopped and shouting."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from endless import ENDLESS, TELLING, started, trains_on
from pty_terminal import HANGS, Terminal

Rounds = Callable[[int, int], int]
KEYS = [
    *"abdefghiklmnoprstuvwxyzABDEGLMRST0123456789 ?.,:+-/[]$%~é漢🎲", "\t", "\r", "\x7f", "\x1b", "\x10", "\x1a",
    "\x15",
    "\x1b[A", "\x1b[B", "\x1b[C", "\x1b[D", "\x1b[H", "\x1b[F", "\x1b[5~", "\x1b[6~", "\x1b[3~", "\x1b[Z", "\x1bOP",
    "\x1b[1;2A",
    "\x1b[1;5C", "\x1b[200~pasted = { text }\n\x00\x1b[31m\x1b[201~", "\x1b[200~", "\x1b[201~", "\x1b[<0;5;5M",
    "\x1b[<0;5;5m",
    "\x1b[<35;200;90M", "\x1b[<64;30;20M", "\x1b[<65;30;20M", "\x1b[<0;60;1M\x1b[<0;60;1m", "\x1b[<99999;1;1M",
    "\x1b[I", "\x1b[O",
    "\x1b[?2026;2$y", "\x1b[99999999u", "\x1b]52;c;!\x07", "\x1b[", "\x1bP", "\x1b[1;1R", "\x1b[<0;0;0M",
]  # fmt: skip
"""Letters without q, whole and half sequences, the mouse, pastes, answers of terminals that nobody asked."""

pytestmark = pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks for processes in /proc")


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Terminal]]:
    """`opened(text)`: the explorer on a scenario, some epochs into it; pictures that keys save go elsewhere."""
    monkeypatch.chdir(tmp_path)
    made: list[Terminal] = []

    def open_(text: str = ENDLESS) -> Terminal:
        (tmp_path / "endless.toml").write_text(text)
        terminal = Terminal(tmp_path, "endless.toml", "--worker", TELLING)
        made.append(terminal)
        return started(terminal)

    yield open_
    for terminal in made:
        terminal.child.close(force=True)


def test_dragged_to_any_size_while_it_trains(opened: Callable[..., Terminal], rounds: Rounds) -> None:
    terminal, draw = opened(), random.Random(5)
    for _ in range(rounds(6, 500)):
        columns, rows = draw.randint(20, 300), draw.randint(5, 100)
        before = len(terminal.written)
        terminal.screen.resize(rows, columns)
        terminal.child.setwinsize(rows, columns)
        if draw.random() < 0.5:  # else the next size comes before this one is drawn
            terminal.until(lambda before=before: len(terminal.written) > before)
        assert terminal.child.isalive(), terminal.text
    terminal.screen.resize(40, 120)
    terminal.child.setwinsize(40, 120)
    terminal.until(lambda: "Endless" in terminal.text and "Lesson" in terminal.text and terminal.epoch() > 0)
    trains_on(terminal)


def test_whatever_falls_on_the_keyboard_it_neither_crashes_nor_hangs(
    opened: Callable[..., Terminal], rounds: Rounds
) -> None:
    draw, sent, left = random.Random(9), 0, 0
    terminal = opened()
    while sent < rounds(100, 10_000):
        keys = [draw.choice(KEYS) for _ in range(draw.randint(1, 40))]
        sent += len(keys)
        terminal.child.send("".join(keys))
        terminal.read()
        if not terminal.child.isalive():  # the palette has an entry for that
            assert terminal.ends() == 0 and b"Traceback" not in terminal.written, (keys, terminal.written[-4000:])
            left += 1
            terminal = opened()
    pressed = time.monotonic()
    while "─ Help ─" not in terminal.text:  # an open paste or half a sequence swallows keys at first
        assert time.monotonic() - pressed < HANGS and terminal.child.isalive(), terminal.text
        terminal.child.send("\x1b[201~\x1b\\")
        for _ in range(3):
            terminal.read()
        terminal.child.send("\x1b")
        for _ in range(3):
            terminal.read()
        terminal.child.send("?")
        for _ in range(5):
            terminal.read()
    terminal.child.send("\x03")
    assert terminal.ends() == 0
    assert b"Traceback" not in terminal.written
    print(f"{sent} keys; it was left {left} times")


def test_keys_are_answered_while_the_worker_stands_still_and_it_goes_on(
    opened: Callable[..., Terminal], rounds: Rounds
) -> None:
    if not rounds(0, 1):
        pytest.skip("REGTUI_FAULTS=full stops it for half a minute")
    terminal = opened()
    (worker,) = terminal.workers()
    os.kill(worker, signal.SIGSTOP)
    stopped, slowest = time.monotonic(), 0.0
    try:
        while not slowest or time.monotonic() - stopped < rounds(0, 30):
            for key, is_shown in (("?", True), ("\x1b", False)):
                pressed = time.monotonic()
                terminal.child.send(key)
                terminal.until(lambda is_shown=is_shown: ("Run what is missing" in terminal.text) == is_shown)
                slowest = max(slowest, time.monotonic() - pressed)
    finally:
        os.kill(worker, signal.SIGCONT)
    print(f"stopped for {time.monotonic() - stopped:.0f} s; the slowest key took {slowest:.2f} s")
    trains_on(terminal)


def test_a_worker_that_shouts_on_stderr_is_kept_off_the_screen_and_out_of_the_disk(
    opened: Callable[..., Terminal], rounds: Rounds, tmp_path: Path
) -> None:
    if not (megabytes := rounds(0, 100)):
        pytest.skip("REGTUI_FAULTS=full has it write 100 MB")
    terminal = opened(ENDLESS.replace('"plain"', f'"loud {megabytes}"'))
    terminal.until(lambda: terminal.epoch() > 20)
    (log,) = tmp_path.glob("regtui/runs/*/log.txt")
    terminal.until(lambda: log.stat().st_size >= min(megabytes, 16) * 900_000)
    trains_on(terminal)
    assert b"native trouble" not in terminal.written
    assert log.stat().st_size <= 16 << 20
