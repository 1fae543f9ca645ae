"""A process that is told to go, goes: also one whose event loop is stuck, and whose terminal is no more."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import termios

import pytest
from pty_terminal import HANGS, ROOT

STUCK = """
import asyncio, time
from regtui.ui import leaving
leaving.PATIENCE, leaving.DEADLINE = 0.05, 0.1
def cannot():
    raise RuntimeError("nobody there")
async def main():
    leaving.leave_when_told(lambda code: None, {tell}, {tell})
    print("ready", flush=True)
    time.sleep(1000)
asyncio.run(main())
"""


def _in_front() -> None:
    """The terminal is its own, and it hears what a suite under nohup would not."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.parametrize("tell", ["int", "cannot"])
@pytest.mark.parametrize("end", [None, signal.SIGTERM, signal.SIGINT])
def test_a_stuck_event_loop_keeps_no_process(tell: str, end: signal.Signals | None) -> None:
    """`end` is the signal; without one the terminal is hung up."""
    ours, its = os.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", STUCK.format(tell=tell)], stdin=its, stdout=its, stderr=its, start_new_session=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)}, preexec_fn=_in_front,
    )  # fmt: skip
    os.close(its)
    try:
        said = b""
        while b"ready\r\n" not in said:
            said += os.read(ours, 1000)
        if end is None:
            os.close(ours)
        else:
            process.send_signal(end)
        assert process.wait(HANGS) == 128 + (end or signal.SIGHUP)
    finally:
        process.kill()
        if end is not None:
            os.close(ours)


ENDED = """
import asyncio, os, signal, time
from regtui.ui import leaving
async def main():
    leaving.leave_when_told(lambda code: None, lambda: None, lambda: None)
asyncio.run(main())
os.kill(os.getpid(), signal.SIGTERM)
time.sleep(0)
"""


def test_a_signal_after_the_end_of_the_event_loop_leaves_no_traceback() -> None:
    done = subprocess.run(
        [sys.executable, "-c", ENDED], env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, timeout=HANGS,
        check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, b"")
