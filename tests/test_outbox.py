"""Events leave in their order and all of them, few messages at a time, and nobody who puts one waits."""

from __future__ import annotations

import threading

from regtui import events
from regtui.events import Marker
from regtui.outbox import Outbox


class Kept(Outbox):
    """Keeps what is passed on; the first message waits until it may go."""

    def __init__(self, *, takers: int = 1000) -> None:
        super().__init__("kept", 0.0)
        self.messages: list[bytes] = []
        self.may_go, self.is_done = threading.Event(), threading.Event()
        self._takers = takers
        self.begin()

    def pass_on(self, lines: bytes) -> bool:
        self.may_go.wait(10)
        self.messages.append(lines)
        if len(self.messages) < self._takers:
            return True
        self.is_done.set()
        return False


def marker(step: int) -> Marker:
    return Marker(run="r", step=step, kind="note")


def test_what_gathers_while_a_message_is_on_its_way_goes_as_one_and_in_order() -> None:
    box = Kept()
    for step in range(50):
        box.put(marker(step))  # none of these waits, although nothing can go yet
    box.may_go.set()
    box.close(10)
    told = [events.decode(line) for message in box.messages for line in message.splitlines()]
    assert told == [marker(step) for step in range(50)]
    assert 1 <= len(box.messages) <= 2


def test_once_nobody_takes_them_nothing_more_is_passed_on() -> None:
    box = Kept(takers=1)
    box.put(marker(1))
    box.may_go.set()
    assert box.is_done.wait(10)
    box.put(marker(2))
    box.close(10)
    assert box.messages == [events.encode(marker(1))]
