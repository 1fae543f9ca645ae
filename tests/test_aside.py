"""Calls that a disk may hold: made in their order or awaited, and nobody waits for them at the end."""

from __future__ import annotations

import asyncio
import threading

import pytest

from regtui.aside import Aside, beside


@pytest.fixture
def held() -> threading.Event:
    """What a call waits for that a disk holds."""
    return threading.Event()


async def test_what_a_call_gives_or_raises_is_awaited() -> None:
    assert await beside(lambda: threading.current_thread() is threading.main_thread()) is False
    assert await beside(lambda: None) is None
    with pytest.raises(ZeroDivisionError):
        await beside(lambda: 1 / 0)


def test_the_end_of_an_event_loop_waits_for_no_call(held: threading.Event) -> None:
    async def ends() -> None:
        waiting = asyncio.create_task(beside(lambda: held.wait(60)))
        await asyncio.sleep(0)
        waiting.cancel()

    asyncio.run(ends())
    assert not held.is_set(), "it would have waited a minute, and nobody has set it"
    held.set()


def test_calls_are_made_in_their_order_and_one_that_hangs_is_waited_for_so_long(held: threading.Event) -> None:
    made: list[int] = []
    aside = Aside("test")
    assert aside.catch_up(0) and aside.end(0) and not aside.behind
    aside.do(lambda: held.wait(60))
    for number in range(5):
        aside.do(lambda number=number: made.append(number))  # type: ignore[misc]
    assert not aside.catch_up(0.001) and not made and aside.behind > 0
    held.set()
    assert aside.catch_up(60) and made == list(range(5))
    assert aside.end(60)
    aside.do(lambda: made.append(5))
    assert aside.end(60) and made[-1] == 5


def test_a_slow_disk_is_waited_for_as_long_as_it_does_something(held: threading.Event) -> None:
    aside, steps, done = Aside("test"), [threading.Event() for _ in range(20)], 0

    def slow(step: threading.Event) -> None:
        nonlocal done
        step.wait(0.02)
        done += 1

    for step in steps:
        aside.do(lambda step=step: slow(step))  # type: ignore[misc]
    assert aside.end(0.2) and done == len(steps), "together they took longer than one of them may"
    aside.do(lambda: held.wait(60))
    assert not aside.end(0.01)
    held.set()
