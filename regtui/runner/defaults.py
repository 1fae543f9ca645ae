"""Which command makes a worker and how many of them there are, where nobody says otherwise."""

from __future__ import annotations

from pathlib import Path

from regtui import itself
from regtui.machine import cores

MOST_WORKERS = 8
"""Each worker holds its own torch, some 300 MB; more than this helps only very large machines."""


def default_command(store: Path | None = None) -> list[str]:
    """The worker on this machine, with this Python."""
    return itself.command("worker", *(["--store", str(store)] if store else []))


def default_workers(threads: int = 1) -> int:
    """As many workers as have a core for each of their threads: at least 1, at most 8."""
    return min(max(cores() // threads, 1), MOST_WORKERS)
