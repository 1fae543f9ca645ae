"""An interrupt ends an app whole, also one that comes before there is an event loop to serve it."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator

import pytest
from textual.app import App

from regtui.ui.interrupts import run


@pytest.fixture(autouse=True)
def heard() -> Iterator[None]:
    """A suite that was started with & in a script is deaf to interrupts."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


class Idle(App[None]):
    """Waits for its end."""

    def __init__(self, *, is_interrupted: bool) -> None:
        super().__init__()
        self.is_interrupted = is_interrupted
        self.said: list[str] = []

    async def run_async(self, **_: object) -> None:
        self.said.append("began")
        if self.is_interrupted:
            os.kill(os.getpid(), signal.SIGINT)
            try:
                await asyncio.Event().wait()
            finally:
                self.said.append("ended")


def test_an_interrupt_ends_the_app_in_order() -> None:
    app = Idle(is_interrupted=True)
    with pytest.raises(KeyboardInterrupt):
        run(app)
    assert app.said == ["began", "ended"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_an_interrupt_while_the_event_loop_is_made_waits_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    app = Idle(is_interrupted=False)
    make, made = asyncio.events.new_event_loop, []

    def interrupted() -> asyncio.AbstractEventLoop:
        os.kill(os.getpid(), signal.SIGINT)
        made.append(make())
        return made[-1]

    monkeypatch.setattr(asyncio.events, "new_event_loop", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run(app)
    assert app.said == [] and made[0].is_closed()


def test_without_one_it_runs_to_its_end() -> None:
    app = Idle(is_interrupted=False)
    run(app)
    assert app.said == ["began"]
