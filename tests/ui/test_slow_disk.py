"""A disk that does not answer holds up neither the keys nor the curves, and the screen says why it is quiet there."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from regtui.aside import Aside
from regtui.progress import Progress
from regtui.store import beside, replay
from regtui.store.beside import RecorderBeside


async def test_the_screen_goes_on_while_the_disk_holds_every_write(
    explore, stuck_disk: threading.Event, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(beside, "SLOW", 0.0)
    aside = Aside("keeper")
    aside.do(lambda: stuck_disk.wait(30))
    progress = Progress(tmp_path / "progress.json", aside.do)
    async with explore(recorder=RecorderBeside(tmp_path / "runs"), progress=progress) as user:
        await user.press("space")
        user.runner.play(3)
        await user.sees("has not answered for")
        user.runner.play()
        await user.press("?")
        await user.sees("Run what is missing")
        await user.press("escape")
        stuck_disk.set()
        folders = [tmp_path / "runs" / run for run in user.app.view.session.runs]
        await user.until(lambda: all(replay(folder).state == "finished" for folder in folders))
    assert aside.end(30) and Progress(tmp_path / "progress.json").seeds("overfitting/test") == 1


async def test_a_disk_that_hangs_at_the_end_of_all_runs_is_told_too(
    explore, stuck_disk: threading.Event, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(beside, "SLOW", 0.05)
    async with explore(recorder=RecorderBeside(tmp_path)) as user:
        await user.press("space")
        user.runner.play()
        session = user.app.view.session
        await user.until(lambda: not session.is_busy)
        await user.until(lambda: "has not answered" in user.app.view.warning)
        stuck_disk.set()
        await user.until(lambda: user.app.view.warning == "")
        runs = list(session.current.values())
        await user.until(lambda: all(replay(tmp_path / run.run).state == "finished" for run in runs))
    assert [replay(tmp_path / run.run).evaluations for run in runs] == [run.evaluations for run in runs]
