"""A worker behind a link with 200 ms each way that breaks in the middle of a run."""

from __future__ import annotations

import asyncio
import json
import shlex
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from regtui.cli import main
from regtui.runner import Runner
from regtui.scenario import load
from regtui.store import Recorder, list_runs, replay
from regtui.ui.app import RegtuiApp

HERE = Path(__file__).parent
HANGS = 60.0

SCENARIO = """
title = "Far"
section = "dropout"
question = "Does it come back?"
seeds = 1
[base]
data = { train = 100, validation = 50, test = 100 }
train = { epochs = 2, batch_size = 20 }
[[arms]]
name = "quick"
[[arms]]
name = "waits"
"""
"""The stub worker holds the arm `waits`."""


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    path = tmp_path / "far.toml"
    path.write_text(SCENARIO)
    return path


@pytest.fixture
def cut(tmp_path: Path) -> Path:
    """The file that cuts the link."""
    return tmp_path / "cut"


@pytest.fixture
def far(cut: Path) -> list[str]:
    """The command of such a worker."""
    stub = [sys.executable, str(HERE / "stub_worker.py")]
    return [sys.executable, str(HERE / "far_worker.py"), "0.2", str(cut), *stub]


def test_a_run_far_away_ends_as_one_here(
    far: list[str], scenario: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["run", str(scenario), "--arm", "quick", "--out", str(tmp_path / "runs"), "--json"]
    assert main([*words, "--worker", shlex.join(far)]) == 0
    (arm,) = json.loads(capsys.readouterr().out)["arms"]
    assert (arm["name"], arm["test_acc"]) == ("quick", 80.0)


def test_a_link_that_breaks_loses_the_run_in_hand_keeps_what_was_told_and_says_why(
    far: list[str], cut: Path, scenario: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = tmp_path / "runs"

    def break_it() -> None:
        """Once the first run is done, with which the next one is sent."""
        deadline = time.monotonic() + HANGS
        states: list[str] = []
        while time.monotonic() < deadline and "finished" not in states:
            time.sleep(0.02)
            states = [replay(store / run.run).state for run in list_runs(store)]
        cut.touch()

    breaker = threading.Thread(target=break_it)
    breaker.start()
    code = main(["run", str(scenario), "--worker", shlex.join(far), "--out", str(store)])
    breaker.join()
    said = capsys.readouterr()
    assert code == 1
    assert "ended with status 255: client_loop: send disconnect: Broken pipe. What it had reported is kept." in said.err
    states = {run.spec.arm: replay(store / run.run).state for run in list_runs(store)}
    assert states == {"quick": "finished", "waits": "lost"}


async def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + HANGS
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)


async def test_the_explorer_says_what_broke_and_goes_on_with_a_new_link(
    far: list[str], cut: Path, scenario: Path, tmp_path: Path
) -> None:
    app = RegtuiApp(load(scenario), runner=lambda deliver: Runner(far, deliver), recorder=Recorder(tmp_path / "runs"))
    async with app.run_test(size=(120, 40)) as pilot:
        session = app.view.session

        def state(arm: str) -> str:
            runs = session.of_arm(arm)
            return runs[0].state if runs else ""

        def screen() -> str:
            return "\n".join(strip.text for strip in app.screen._compositor.render_strips())

        await pilot.press("space")
        await until(lambda: state("quick") == "finished")
        await until(lambda: not app.runner.is_idle)
        cut.touch()
        await until(lambda: state("waits") == "lost" and "status 255" in screen())
        assert "Broken pipe" in session.notice and state("quick") == "finished"
        cut.unlink()
        await pilot.press("space")
        await until(lambda: state("waits") in ("waiting", "running") and not app.runner.is_idle)
        await until(lambda: app.runner.hello is not None)
        await pilot.press("x")
        await until(lambda: state("waits") == "stopped")
