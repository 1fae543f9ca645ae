"""The way of bytes to a terminal: in order, at once, and without waiting for one that nobody reads."""

from __future__ import annotations

import asyncio
import os
import select
import threading
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

pytest.importorskip("termios", reason="there are no pseudo-terminals here")

import fcntl
import tty

from regtui.machine import allow_many_files
from regtui.ui import outlet
from regtui.ui.outlet import FAREWELL, MOST, Outlet, await_room

LARGE = b"".join(b"%07d " % i for i in range(4 * MOST // 8))
"""More than any terminal takes unread."""


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    """The reader's end of a terminal and the writer's."""
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    yield ours, theirs
    for fd in (ours, theirs):
        try:
            os.close(fd)
        except OSError:
            pass  # the test has closed it


async def read(fd: int, count: int) -> bytes:
    data = b""
    while len(data) < count:
        data += await asyncio.to_thread(os.read, fd, count - len(data))
    return data


async def test_what_a_terminal_takes_is_there_at_once(terminal: tuple[int, int]) -> None:
    ours, theirs = terminal
    way = Outlet(theirs, lambda: None)
    way.write(b"one ")
    way.write(b"two")
    assert await read(ours, 7) == b"one two"
    way.close()


async def test_what_it_does_not_take_follows_in_order(terminal: tuple[int, int]) -> None:
    ours, theirs = terminal
    drained = asyncio.Event()
    way = Outlet(theirs, drained.set)
    assert not way.is_full
    way.write(LARGE)
    assert way.is_full
    way.write(b"and the end")
    assert await read(ours, len(LARGE) + 11) == LARGE + b"and the end"
    await asyncio.wait_for(drained.wait(), 10)
    assert not way.is_full
    way.close()


async def test_at_the_end_a_reader_gets_the_rest(terminal: tuple[int, int]) -> None:
    ours, theirs = terminal
    way = Outlet(theirs, lambda: None)
    way.write(LARGE)
    got: list[bytes] = []

    def reads() -> None:
        while sum(map(len, got)) < len(LARGE):
            got.append(os.read(ours, MOST))

    reader = threading.Thread(target=reads, daemon=True)
    reader.start()
    way.close()  # the event loop stands still meanwhile
    reader.join(10)
    assert b"".join(got) == LARGE


async def test_at_the_end_a_slow_reader_gets_the_rest_too(
    terminal: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, theirs = terminal
    now, got = 0.0, b""

    def wait(*_: object) -> None:
        nonlocal now, got
        now += 0.9 * FAREWELL
        got += os.read(ours, MOST)
        while not select.select([], [theirs], [], 0)[1]:  # the system passes on in its own time
            got += os.read(ours, MOST)

    way = Outlet(theirs, lambda: None)
    way.write(LARGE)
    monkeypatch.setattr(outlet, "time", SimpleNamespace(monotonic=lambda: now))
    monkeypatch.setattr(outlet, "await_room", wait)
    way.close()
    assert now > 2 * FAREWELL
    assert got + await read(ours, len(LARGE) - len(got)) == LARGE


async def test_what_waits_can_be_forgotten_but_for_the_rest_of_what_has_begun(terminal: tuple[int, int]) -> None:
    ours, theirs = terminal
    way = Outlet(theirs, lambda: None)
    way.forget()
    way.write(LARGE)
    way.write(b"a frame")
    way.write(b"another")
    way.forget()
    way.write(b"the end")
    assert await read(ours, len(LARGE) + 7) == LARGE + b"the end"
    way.close()


async def test_the_end_does_not_wait_for_nobody(terminal: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    _, theirs = terminal
    monkeypatch.setattr(outlet, "FAREWELL", 0.01)
    way = Outlet(theirs, lambda: None)
    way.write(LARGE)
    way.close()


async def test_a_terminal_that_is_gone_is_no_error(terminal: tuple[int, int]) -> None:
    ours, theirs = terminal
    way = Outlet(theirs, lambda: None)
    os.close(ours)
    way.write(b"nobody")
    way.close()


async def test_what_is_no_terminal_is_refused() -> None:
    ours, theirs = os.pipe()
    with pytest.raises(OSError):
        Outlet(theirs, lambda: None)
    os.close(ours)
    os.close(theirs)


def test_room_is_awaited_behind_the_thousandth_descriptor_too(terminal: tuple[int, int]) -> None:
    allow_many_files()
    try:
        high = fcntl.fcntl(terminal[1], fcntl.F_DUPFD, 1500)
    except OSError:
        pytest.skip("this system gives no process so many descriptors")
    await_room(high, 10)
    assert os.write(high, b"one") == 3
    os.close(high)
