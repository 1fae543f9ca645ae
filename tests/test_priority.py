"""The workers of the explorer leave the CPU to the screen, all others are as they were."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from regtui import priority


class Refusing:
    """A file that takes nothing for so many times."""

    def __init__(self, times: int, why: int = errno.EAGAIN) -> None:
        self.times, self.why = times, why
        self.written = ""
        self.asked = 0
        self.done = threading.Event()

    def exists(self) -> bool:
        return True

    def write_text(self, text: str, encoding: str) -> None:
        assert encoding == "ascii"
        self.asked += 1
        if self.asked <= self.times:
            raise OSError(self.why, "not now")
        self.written = text
        self.done.set()


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Steps of niceness that were asked for."""
    asked: list[int] = []
    monkeypatch.setattr(os, "nice", asked.append)
    monkeypatch.setattr(priority, "_REST", 0)
    return asked


def test_process_and_session_step_back(steps: list[int]) -> None:
    group = Refusing(times=0)
    priority.step_back(group)  # type: ignore[arg-type]
    assert steps == [priority.NICE] and group.written == f"{priority.NICE}\n"


@pytest.mark.usefixtures("steps")
def test_a_kernel_that_takes_one_change_at_a_time_is_asked_again() -> None:
    group = Refusing(times=3)
    priority.step_back(group)  # type: ignore[arg-type]
    assert group.done.wait(10) and group.asked == 4


@pytest.mark.usefixtures("steps")
def test_one_that_forbids_it_is_not_asked_again() -> None:
    group = Refusing(times=1, why=errno.EPERM)
    priority.step_back(group)  # type: ignore[arg-type]
    assert group.asked == 1
    assert all(thread.name != "priority" for thread in threading.enumerate())


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads niceness in /proc")
@pytest.mark.parametrize(("words", "steps_back"), [((), 0), (("--behind-screen",), priority.NICE)])
def test_a_worker_steps_back_only_where_it_is_told_to(words: tuple[str, ...], steps_back: int) -> None:
    code = (
        "import os, sys, types; sys.modules['regtui.engine.serve'] = types.SimpleNamespace("
        "serve=lambda *_: os.write(2, str(os.nice(0)).encode()) and 0)\n"
        "from regtui.worker import main; main(sys.argv[1:])"
    )
    made = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, timeout=60,
                          stdin=subprocess.DEVNULL, start_new_session=True)  # fmt: skip
    assert int(made.stderr) == os.nice(0) + steps_back
