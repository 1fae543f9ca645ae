"""The disk under the explorer goes bad while it trains: that is said on the screen, and everything else goes on."""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pty_terminal import Terminal

from regtui.events import Stopped
from regtui.spec import RunSpec
from regtui.store import Recorder

Rounds = Callable[[int, int], int]
TELLING = shlex.join([sys.executable, str(Path(__file__).parent / "telling_worker.py")])
RUN = "20260102-030405-abcdef"

ENDLESS = """
title = "Endless"
section = "overfitting"
question = "Does it last?"
[base]
data = { train = 100, validation = 50, test = 100 }
train = { epochs = 90000, batch_size = 20 }
model = { name = "mlp", width = 16, depth = 1 }
[[arms]]
name = "plain"
"""


@contextmanager
def exploring(folder: Path, **environ: str) -> Iterator[Terminal]:
    """The explorer on a run that never ends, some epochs into it."""
    scenario = folder / "endless.toml"
    scenario.write_text(ENDLESS)
    terminal = Terminal(folder, str(scenario), "--worker", TELLING, environ=environ)
    try:
        terminal.until(lambda: "worker ready" in terminal.text and "Press space" in terminal.text)
        terminal.child.send(" ")
        terminal.until(lambda: terminal.epoch() > 3)
        yield terminal
    finally:
        terminal.child.close(force=True)


def goes_on(terminal: Terminal) -> None:
    """It trains, answers keys and leaves when it is told to."""
    epoch = terminal.epoch()
    terminal.until(lambda: terminal.epoch() > epoch)
    terminal.child.send("?")
    terminal.until(lambda: "Run what is missing" in terminal.text)
    terminal.child.send("\x03")
    assert terminal.ends() == 0
    assert b"Traceback" not in terminal.written


def words(terminal: Terminal) -> str:
    return " ".join(terminal.text.split())


def test_a_run_directory_that_was_removed_is_told_and_does_not_come_back(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path)
    for run in (RUN, RUN[:-1] + "g"):
        recorder.open(run, RunSpec(scenario="s", arm="a", seed=0))
    shutil.rmtree(tmp_path / RUN)
    recorder.append(Stopped(run=RUN, step=1))
    assert f"Recording stopped: the run directory was removed in {tmp_path}." in recorder.warning
    recorder.close()
    assert not (tmp_path / RUN).exists()


def test_a_home_that_vanishes_while_it_trains_is_told_on_the_screen(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with exploring(tmp_path, XDG_DATA_HOME=str(home), XDG_STATE_HOME=str(home)) as terminal:
        shutil.rmtree(home)
        terminal.until(lambda: "Recording stopped: the run directory was removed" in words(terminal))
        goes_on(terminal)


def test_a_home_that_nobody_can_write_is_told_on_the_screen(tmp_path: Path, rounds: Callable[[int, int], int]) -> None:
    if not rounds(0, 1):
        pytest.skip("REGTUI_FAULTS=full: the same without a screen is in test_store_faults.py")
    with exploring(tmp_path, XDG_DATA_HOME="/proc/nowhere", XDG_STATE_HOME="/proc/nowhere") as terminal:
        terminal.until(lambda: "Recording stopped" in words(terminal))
        goes_on(terminal)
