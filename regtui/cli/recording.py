"""The record of a command without a screen: written beside its event loop, so that a disk that hangs is no deaf ear."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from regtui.store import Recorder

LOOK = 0.05
"""Seconds between two looks whether all is written."""


async def close(recorder: Recorder, is_interrupted: Callable[[], bool], tell: Callable[[], object]) -> None:
    """Close all records once everything is written.

    A disk that hangs is waited for until the user interrupts; then no longer than a screen waits at its end.

    tell  is called while something is still to be written
    """
    while recorder.is_behind and not is_interrupted():
        tell()
        await asyncio.sleep(LOOK)
    recorder.close()
