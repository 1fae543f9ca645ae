"""Runs that outlive the terminal they were started from, and the way to end them."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pexpect
import pytest
from children import children_of, hear

from regtui.cli import main
from regtui.store import replay
from regtui.store.presence import is_being_written
from regtui.store.writer import read_writer

ROOT = Path(__file__).parents[2]
STUB = shlex.join([sys.executable, str(ROOT / "tests/runner/stub_worker.py")])
HANGS = 60.0

SCENARIO = """
title = "Waiting"
section = "dropout"
question = "Does it go on?"
[base]
data = { train = 100, validation = 50, test = 100 }
train = { epochs = 2, batch_size = 20 }
[[arms]]
name = "waits"
[[arms]]
name = "other"
"""
"""The stub worker holds the arm `waits` until it is told to stop."""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    (tmp_path / "waiting.toml").write_text(SCENARIO)
    return tmp_path


@pytest.fixture
def started(home: Path) -> Iterator[dict[str, object]]:
    """A detached command whose terminal is gone."""
    words = ["-m", "regtui", "run", str(home / "waiting.toml"), "--seeds", "1", "--worker", STUB, "--detach", "--json"]
    terminal = pexpect.spawn(sys.executable, words, timeout=HANGS, encoding="utf-8")
    told = json.loads(terminal.read())
    terminal.close(force=True)
    yield told
    try:
        os.kill(int(told["pid"]), signal.SIGKILL)
    except ProcessLookupError:
        return


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + HANGS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_it_tells_its_runs_survives_a_hangup_and_can_be_stopped(
    started: dict[str, object], capsys: pytest.CaptureFixture[str]
) -> None:
    waiting, other = (Path(str(started["directory"])) / run for run in started["runs"])  # type: ignore[attr-defined]
    pid = int(str(started["pid"]))
    assert os.getsid(pid) == pid, "it has a session of its own"
    os.kill(pid, signal.SIGHUP)
    until(lambda: (waiting / "events.jsonl").exists() and is_being_written(waiting))
    writer = read_writer(waiting)
    assert writer is not None and writer.pid == pid and read_writer(other) == writer

    assert main(["runs", "--json"]) == 0
    states = {row["run"]: row["state"] for row in json.loads(capsys.readouterr().out)["runs"]}
    assert states[waiting.name] in ("waiting", "running")

    assert main(["stop", waiting.name, "--all"]) == 0
    said = capsys.readouterr().out
    assert f"{waiting.name}: stopped at step" in said and other.name in said
    assert replay(waiting).state == "stopped" and not is_being_written(waiting)
    until(lambda: not Path(f"/proc/{pid}").exists() or _is_zombie(pid))
    assert "stopped" in Path(str(started["log"])).read_text()
    assert main(["stop", waiting.name]) == 0
    assert "is not running: stopped" in capsys.readouterr().out


def _is_zombie(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"


def test_what_is_wrong_is_said_at_once_with_the_same_code(home: Path) -> None:
    words = [sys.executable, "-m", "regtui", "run", "no-such-scenario", "--detach"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=HANGS, check=False)
    assert done.returncode == 2 and done.stdout == "" and "no-such-scenario" in done.stderr
    assert not list((home / "state" / "regtui" / "detached").iterdir())


def test_interrupted_before_it_has_begun_nothing_goes_on(home: Path) -> None:
    silent = shlex.join([sys.executable, "-c", "import time; time.sleep(600)"])
    words = [sys.executable, "-m", "regtui", "run", str(home / "waiting.toml"), "--worker", silent, "--device", "cuda"]
    process = subprocess.Popen(
        [*words, "--detach"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=hear
    )
    until(lambda: (detached := children_of(process.pid)) and children_of(detached[0]))
    (detached,) = children_of(process.pid)
    (worker,) = children_of(detached)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=HANGS)
    assert process.returncode == 130 and "interrupted; nothing was detached" in said
    until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in (detached, worker)))


@pytest.mark.usefixtures("home")
def test_stopping_what_is_not_there_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["stop", "nothing"]) == 2
    assert "regtui stop: nothing is neither a run directory" in capsys.readouterr().err
