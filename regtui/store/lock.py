"""Which process makes a run: a lock on its record that the system lets go of when the process is gone, however it went.

A record without an ending is either of a run that is being made now, by another regtui say, or of one that was
interrupted; only the lock tells which. Where the system has none (Windows, some network disks), every run counts as
free.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import BinaryIO

from regtui.files import open_file

try:
    import fcntl

    HAS_LOCKS = True
except ImportError:  # Windows
    HAS_LOCKS = False

RECORD = "events.jsonl"
LOOKED_AT = 0.5
"""Seconds that a lock may be taken by those who only look whether it is."""


def hold(record: BinaryIO) -> bool:
    """Take the lock of an open record until it is closed. False: another process, or another file object, has it."""
    deadline = time.monotonic() + LOOKED_AT
    while HAS_LOCKS:
        try:
            fcntl.flock(record, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.01)
        except OSError:  # a disk without locks
            return True
        else:
            return True
    return True


def is_held(folder: Path, name: str = RECORD) -> bool:
    """Whether somebody, this process included, makes the run of a directory now; or holds another file of it."""
    if not HAS_LOCKS:
        return False
    try:
        with open_file(folder / name) as record:
            fcntl.flock(record, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False
