"""The disk of the runs does not answer: the explorer draws, answers and leaves, and says what it waits for."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from regtui.store import BackgroundRecorder, background, replay, rundir


async def test_the_screen_answers_while_the_disk_does_not_and_then_all_is_recorded(
    explore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(background, "STALLED", 0.05)
    free, write = threading.Event(), rundir._write_all

    def slow(*arguments: object) -> None:
        assert free.wait(60)
        write(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(rundir, "_write_all", slow)
    recorder = BackgroundRecorder(tmp_path)
    async with explore(recorder=recorder) as user:
        await user.press("space")
        user.runner.play()
        session = user.app.view.session
        await user.until(lambda: session.of_arm("baseline")[0].state == "finished")
        await user.until(lambda: "has not answered for" in " ".join(user.app.view.warning.split()))
        await user.press("5")
        await user.sees("The disk has not answered")
        await user.press("5", "E", "enter")
        await user.until(lambda: "has not answered for" in user.toasts)
        free.set()
        await user.until(lambda: user.app.view.warning == "")
        runs = list(session.current.values())
        await user.until(recorder.flush)
    stored = [replay(tmp_path / run.run) for run in runs]
    assert [run.state for run in stored] == ["finished"] * len(runs)
    assert [run.evaluations for run in stored] == [run.evaluations for run in runs]
