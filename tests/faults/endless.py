"""A scenario whose run never ends, and what the explorer still does while it is made."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

from pty_terminal import Terminal

TELLING = shlex.join([sys.executable, str(Path(__file__).parent / "telling_worker.py")])
"""A worker without torch, for arms of any name but those it knows to be loud."""
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
add = [{ dropout = { p = 0.1 } }]
"""


def started(terminal: Terminal) -> Terminal:
    """The same terminal once its run has come some epochs far."""
    # One chart may be large: where somebody was is remembered.
    terminal.until(lambda: "worker ready" in terminal.text and "press space" in terminal.text.lower())
    terminal.child.send(" ")
    terminal.until(lambda: terminal.epoch() > 0)
    return terminal


def trains_on(terminal: Terminal) -> None:
    """New epochs are shown, the help opens, and it leaves when it is told to."""
    epoch = terminal.epoch()
    terminal.until(lambda: terminal.epoch() > epoch)
    terminal.child.send("?")
    terminal.until(lambda: "Run what is missing" in terminal.text)
    terminal.child.send("\x03")
    assert terminal.ends() == 0
    assert b"Traceback" not in terminal.written
