"""The explorer as its user meets it, in a real terminal: when it is there, when it answers, what it sends."""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from regtui import itself, machine
from regtui.bench.glass import Child, child

SIZE = (120, 40)
"""Columns and rows."""
SCENARIO = "overfitting/ladder"
DOWN, UP = b"\x1b[B", b"\x1b[A"
EMPTY_APP = """
from textual.app import App
from textual.widgets import Static
class Empty(App):
    def compose(self):
        yield Static("hello there")
Empty().run()
"""
"""What there is to compare the first picture with."""


class Looks(msgspec.Struct, frozen=True, kw_only=True):
    """How often and how long is looked."""

    paints: int
    """Starts of each program."""
    keys: int
    """Key presses in each state."""
    seconds: float
    """In which bytes are counted, in each state."""


LOOKS = Looks(paints=7, keys=60, seconds=12)
QUICK = Looks(paints=3, keys=30, seconds=5)


def measure_screen(device: str, looks: Looks) -> dict[str, Any]:
    """Milliseconds, bytes a second, bytes of memory; takes a minute. Raises BenchError."""
    with tempfile.TemporaryDirectory(prefix="regtui-bench-") as folder:
        environ = _environ(Path(folder))
        found = _paints(environ, looks.paints)
        found |= _live(environ, device, looks)
        with _explorer(environ | {"SSH_CONNECTION": "198.51.100.1 50000 198.51.100.2 22"}, device) as remote:
            _begin(remote)
            found["bytes_per_s"]["training_over_ssh"] = _bytes_a_second(remote, looks.seconds)
    return found


def _environ(folder: Path) -> dict[str, str]:
    """A terminal with all colours, stores of its own, nothing of the session that the benchmark runs in."""
    mine = {name: value for name, value in os.environ.items() if not name.startswith(("SSH_", "TEXTUAL", "NO_COLOR"))}
    return mine | {
        "TERM": "xterm-256color", "COLORTERM": "truecolor", "LC_ALL": "C.UTF-8", "XDG_DATA_HOME": str(folder),
        "XDG_STATE_HOME": str(folder), "XDG_CONFIG_HOME": str(folder),
    }  # fmt: skip


def _explorer(environ: dict[str, str], device: str) -> Any:
    return child(itself.command(SCENARIO, "--device", device), environ, SIZE)


def _paints(environ: dict[str, str], rounds: int) -> dict[str, Any]:
    """Milliseconds from the start of the process to the first picture, in turns with an empty app."""
    empty: list[float] = []
    first: list[float] = []
    full: list[float] = []
    for _ in range(rounds):
        with child([sys.executable, "-P", "-c", EMPTY_APP], environ, SIZE) as opened:
            empty.append(opened.until(lambda text: "hello there" in text, "its text") - opened.began)
        with _explorer(environ, "cpu") as opened:
            first.append(opened.until(lambda text: "Which of the" in text, "its question") - opened.began)
            full.append(opened.until(_is_complete, "its charts") - opened.began)
    return {
        "paint_ms": {"empty_app": _ms(empty), "first": _ms(first), "full": _ms(full)},
        "first_paint_over_empty": _ratio(first, empty), "full_paint_over_empty": _ratio(full, empty),
    }  # fmt: skip


def _is_complete(text: str) -> bool:
    """Panes, charts and keys are there."""
    return all(word in text for word in ("Accuracy", "Stack", "Arms", "Press space", "press space to run", "help"))


def _live(environ: dict[str, str], device: str, looks: Looks) -> dict[str, Any]:
    """One explorer: with nothing to do, then with a race in all four charts."""
    with _explorer(environ, device) as opened:
        opened.until(lambda text: "worker ready" in text, "that a worker is ready")
        opened.read(1.5)
        idle = _bytes_a_second(opened, looks.seconds / 2)
        at_rest = _keys(opened, looks.keys, lambda: True)
        _begin(opened)
        training = _bytes_a_second(opened, looks.seconds)
        busy = _keys(opened, looks.keys, lambda: "● running" in opened.glass.text)
        memory = machine.resident(opened.pid)
    return {
        "key_ms": {"idle": at_rest, "training": busy},
        "bytes_per_s": {"idle": idle, "training": training},
        "ui_bytes": memory,
    }


def _begin(opened: Child) -> None:
    """Start the race and wait for its first curve."""
    opened.until(lambda text: "worker ready" in text, "that a worker is ready")
    opened.press(b" ")
    opened.until(lambda text: "gap" in text.split("\n")[1], "an evaluation")


def _bytes_a_second(opened: Child, seconds: float) -> int:
    before, began = opened.received, time.perf_counter()
    opened.read(seconds)
    return round((opened.received - before) / (time.perf_counter() - began))


def _keys(opened: Child, count: int, goes_on: Callable[[], bool]) -> dict[str, float] | None:
    """From a key that selects another arm to the screen that says so; None where nothing could be pressed.

    Keys come 0.13 s apart, which no timer of the explorer is in step with.
    """
    waits: list[float] = []
    while len(waits) < count and goes_on():
        before = _selected(opened.glass.text)
        pressed = opened.press(UP if len(waits) % 2 else DOWN)
        waits.append(opened.until(lambda text: _selected(text) != before, "another arm") - pressed)  # noqa: B023
        opened.read(0.13)
    if not waits:
        return None
    waits.sort()
    return {
        "p50": round(1000 * statistics.median(waits), 1), "p95": round(1000 * waits[int(0.95 * (len(waits) - 1))], 1),
        "keys": len(waits),
    }  # fmt: skip


def _selected(text: str) -> str:
    """The title of the stack pane: it names the selected arm."""
    return text.split("\n")[1][: SIZE[0] // 3]


def _ms(seconds: Sequence[float]) -> int:
    return round(1000 * statistics.median(seconds))


def _ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    return round(statistics.median(a / b for a, b in zip(ours, theirs, strict=True)), 2)
