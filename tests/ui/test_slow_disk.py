"""A disk that does not answer holds up neither the keys nor the curves, and the screen says why it is quiet there."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from regtui.aside import Aside
from regtui.progress import Progress
from regtui.store import beside, replay, rundir
from regtui.store.beside import RecorderBeside


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Writes of events wait until it is set."""
    answers, write = threading.Event(), rundir._write_all

    def held(*given: object) -> None:
        assert answers.wait(30)
        write(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(rundir, "_write_all", held)
    yield answers
    answers.set()


async def test_the_screen_goes_on_while_the_disk_holds_every_write(
    explore, disk: threading.Event, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(beside, "SLOW", 0.0)
    aside = Aside("keeper")
    aside.do(lambda: disk.wait(30))
    progress = Progress(tmp_path / "progress.json", aside.do)
    async with explore(recorder=RecorderBeside(tmp_path / "runs"), progress=progress) as user:
        await user.press("space")
        user.runner.play(3)
        await user.sees("has not answered for")
        user.runner.play()
        await user.press("?")
        await user.sees("Run what is missing")
        await user.press("escape")
        disk.set()
        folders = [tmp_path / "runs" / run for run in user.app.view.session.runs]
        await user.until(lambda: all(replay(folder).state == "finished" for folder in folders))
    assert aside.end(30) and Progress(tmp_path / "progress.json").seeds("overfitting/test") == 1


async def test_a_disk_that_hangs_at_the_end_of_all_runs_is_told_too(
    explore, disk: threading.Event, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(beside, "SLOW", 0.05)
    async with explore(recorder=RecorderBeside(tmp_path)) as user:
        await user.press("space")
        user.runner.play()
        session = user.app.view.session
        await user.until(lambda: not session.is_busy)
        await user.until(lambda: "has not answered" in user.app.view.warning)
        disk.set()
        await user.until(lambda: user.app.view.warning == "")
        runs = list(session.current.values())
        await user.until(lambda: all(replay(tmp_path / run.run).state == "finished" for run in runs))
    assert [replay(tmp_path / run.run).evaluations for run in runs] == [run.evaluations for run in runs]
