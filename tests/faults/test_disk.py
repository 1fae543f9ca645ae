"""The disk under the explorer goes bad while it trains: that is said on the screen, and everything else goes on."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from endless import ENDLESS, TELLING, started, trains_on
from pty_terminal import Terminal

from regtui.events import Stopped
from regtui.spec import RunSpec
from regtui.store import Recorder, replay

Rounds = Callable[[int, int], int]
RUN = "20260102-030405-abcdef"


@contextmanager
def exploring(folder: Path, **environ: str) -> Iterator[Terminal]:
    """The explorer on a run that never ends, some epochs into it."""
    scenario = folder / "endless.toml"
    scenario.write_text(ENDLESS)
    terminal = Terminal(folder, str(scenario), "--worker", TELLING, environ=environ)
    try:
        yield started(terminal)
    finally:
        terminal.child.close(force=True)


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
        trains_on(terminal)


def test_a_home_that_nobody_can_write_is_told_on_the_screen(tmp_path: Path, rounds: Callable[[int, int], int]) -> None:
    if not rounds(0, 1):
        pytest.skip("REGTUI_FAULTS=full: the same without a screen is in test_store_faults.py")
    with exploring(tmp_path, XDG_DATA_HOME="/proc/nowhere", XDG_STATE_HOME="/proc/nowhere") as terminal:
        terminal.until(lambda: "Recording stopped" in words(terminal))
        trains_on(terminal)


@contextmanager
def frozen(disk: Path) -> Iterator[None]:
    """No write to it comes back meanwhile; who writes cannot even be killed."""
    subprocess.run(["fsfreeze", "-f", disk], check=True)
    try:
        yield
    finally:
        subprocess.run(["fsfreeze", "-u", disk], check=True)


@pytest.fixture
def disk(tmp_path: Path, rounds: Rounds) -> Iterator[Path]:
    """A disk of its own."""
    if not rounds(0, 1) or os.geteuid() or any(shutil.which(name) is None for name in ("fsfreeze", "mkfs.ext4")):
        pytest.skip("REGTUI_FAULTS=full, root and a disk that can be frozen; tests/ui/test_slow_disk.py has its like")
    image, disk = tmp_path / "image", tmp_path / "disk"
    with image.open("wb") as file:
        file.truncate(64 << 20)
    disk.mkdir()
    subprocess.run(["mkfs.ext4", "-q", image], check=True)
    if subprocess.run(["mount", "-o", "loop", image, disk], check=False).returncode:
        pytest.skip("this system lets nobody mount a disk of their own")
    yield disk
    subprocess.run(["umount", "--lazy", disk], check=True)


def test_a_disk_that_answers_no_more_keeps_neither_the_screen_nor_its_end(tmp_path: Path, disk: Path) -> None:
    with exploring(tmp_path, XDG_DATA_HOME=str(disk), XDG_STATE_HOME=str(disk)) as terminal:
        with frozen(disk):
            terminal.until(lambda: "has not answered for" in words(terminal))
            terminal.child.send("?")
            terminal.until(lambda: "Run what is missing" in terminal.text)
            terminal.child.send("\x1b")
            terminal.until(lambda: "Run what is missing" not in terminal.text)
        terminal.until(lambda: "has not answered for" not in words(terminal))
        trains_on(terminal)
    (record,) = disk.glob("regtui/runs/*/events.jsonl")
    assert len(replay(record.parent).evaluations) > 3
