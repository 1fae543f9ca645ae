"""Let the screen go first: a worker on the machine of the explorer steps back a little from the CPU.

What the screen needs it needs at once and for a few milliseconds; a training step does not mind when it is taken. On
a machine with nothing else to do this costs the training nothing.
"""

from __future__ import annotations

import errno
import os
import threading
import time
from pathlib import Path

NICE = 5
"""Steps of niceness; Linux gives a process a third of the time of one without (sched(7): a factor of 1.25 a step)."""
_AUTOGROUP = Path("/proc/self/autogroup")
"""Where sessions are groups that share the CPU evenly, and niceness counts only inside of one (sched(7))."""
_TRIES, _REST = 20, 0.11
"""The kernel takes one such change in a tenth of a second, over all sessions; seconds between our tries."""


def step_back(autogroup: Path = _AUTOGROUP) -> None:
    """Lower the priority of this process and of its session. A system that does not let us is left as it is."""
    try:
        os.nice(NICE)
    except (AttributeError, OSError):
        return
    if autogroup.exists() and _is_refused_for_now(autogroup):
        threading.Thread(target=_insist, args=(autogroup,), name="priority", daemon=True).start()


def _insist(autogroup: Path) -> None:
    for _ in range(_TRIES):
        time.sleep(_REST)
        if not _is_refused_for_now(autogroup):
            return


def _is_refused_for_now(autogroup: Path) -> bool:
    try:
        autogroup.write_text(f"{NICE}\n", encoding="ascii")
    except OSError as error:
        return error.errno == errno.EAGAIN
    return False
