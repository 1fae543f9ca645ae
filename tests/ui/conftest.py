"""An explorer on a fake runner, and what can be read from its screen."""

from __future__ import annotations

import asyncio
import sys
import time
import unicodedata
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from rich.cells import cell_len
from textual import events
from textual._compositor import Compositor
from textual.keys import _character_to_key
from textual.message_pump import MessagePump
from textual.pilot import Pilot

sys.path.insert(0, str(Path(__file__).parent))  # helpers beside the tests, which importlib mode does not find

from ui_fakes import FakeRunner

from regtui.scenario import Scenario, loads
from regtui.ui.app import RegtuiApp

DEADLINE = 30.0
"""Seconds until a condition counts as never met; far more than anything takes on a busy machine."""

LADDER = """
title = "The ladder"
section = "overfitting"
question = "Which technique closes most of the gap?"
watch = "The distance between the curves."
story = "A network learns 100 pictures by heart."
seeds = 3

[base]
data = { train = 100, validation = 100, test = 100 }
train = { epochs = 10, batch_size = 20, evaluations = 5, probes = 10 }

[[arms]]
name = "baseline"
lesson = { train = 95, test = 60 }

[[arms]]
name = "+ dropout"
add = [{ dropout = { p = 0.2 } }]
lesson = { train = 92, test = 85 }

[[arms]]
name = "+ BatchNorm"
add = [{ batchnorm = {} }]

[[claims]]
text = "Dropout narrows the gap"
check = { metric = "gap", of = "+ dropout", below = "baseline" }
"""


class Explorer:
    """The app under test with its runner and its pilot."""

    def __init__(self, app: RegtuiApp, pilot: Pilot[None]) -> None:
        self.app, self.pilot = app, pilot

    @property
    def runner(self) -> FakeRunner:
        assert isinstance(self.app.runner, FakeRunner)
        return self.app.runner

    @property
    def text(self) -> str:
        """Everything on the screen, row by row."""
        return "\n".join(strip.text for strip in self.app.screen._compositor.render_strips())

    @property
    def toasts(self) -> str:
        return "\n".join(note.message for note in self.app._notifications)

    async def press(self, *keys: str) -> None:
        """Press keys one after the other, each after everything that the one before it set off.

        Names ("shift+tab") or characters. The pilot's own `press` waits until the process is idle, which takes 40 ms
        of sleep a key and is a guess on a busy machine.
        """
        for key in keys:
            self.app.post_message(pressed(key))
            await self.settle()

    async def click_on(self, text: str) -> None:
        """Click in the middle of a text on the screen, once it is there."""
        await self.sees(text)
        y, row = next((y, row) for y, row in enumerate(self.text.split("\n")) if text in row)
        x = cell_len(row[: row.index(text)]) + cell_len(text) // 2
        at = {"x": x, "y": y, "delta_x": 0, "delta_y": 0, "shift": False, "meta": False, "ctrl": False}
        for kind in (events.MouseDown, events.MouseUp):
            self.app.post_message(kind(None, button=1, screen_x=x, screen_y=y, **at))
        await self.settle()

    async def settle(self) -> None:
        """Wait until no message is left to handle; timers and drawing threads go on.

        The pilot's own `pause` sends a message to every widget to see that it comes back, which is half of what such a
        test would compute.
        """
        rests = turns = 0
        while rests < 2:  # what was being handled at the first rest may have posted something
            if self.app._exit or self.app._exception:
                await self.pilot.pause(0)
                return
            await asyncio.sleep(0 if turns < 100 else 0.001)
            turns += 1
            if all(waits(node) for node in (self.app, *self.app.screen.walk_children(with_self=True))):
                self.app.screen._on_timer_update()  # lays out and marks what is to be painted, as a timer does
                rests += 1
            else:
                rests = 0

    async def until(self, condition: Callable[[], object], what: str = "") -> None:
        """Wait for a condition."""
        deadline = time.monotonic() + DEADLINE
        await self.settle()
        while not condition():
            assert time.monotonic() < deadline, f"{what or 'condition'} not met; the screen:\n{self.text}"
            await asyncio.sleep(0.01)
            await self.settle()

    async def sees(self, *texts: str) -> None:
        """Wait until all texts are on the screen."""

        def are_there() -> bool:
            shown = self.text  # drawn once for all of them
            return all(text in shown for text in texts)

        await self.until(are_there, f"{texts} on the screen")


def waits(node: MessagePump) -> bool:
    """Whether it has handled all that it was sent, and waits for more."""
    queue = node._message_queue
    return node._closed or (queue.empty() and bool(queue.ready_event._waiters))


def pressed(key: str) -> events.Key:
    """The event of a key, given by name or character."""
    if len(key) == 1:
        return events.Key(key if key.isalnum() else _character_to_key(key), key)
    try:
        return events.Key(key, unicodedata.lookup(key.replace("_", " ")))
    except KeyError:
        return events.Key(key, None)


def drop_frame(compositor: Compositor, full: bool = False, *args: object, **options: object) -> object:
    """A frame that nobody reads, not painted; a whole one, which a picture of the screen asks for, is."""
    if full:
        return paint(compositor, full, *args, **options)
    compositor._dirty_regions.clear()
    return None


paint = Compositor.render_update


@pytest.fixture
def ladder() -> Scenario:
    return loads(LADDER, source="test", id="overfitting/test")


@pytest.fixture
def explore(ladder: Scenario, monkeypatch: pytest.MonkeyPatch) -> Callable[..., object]:
    """`async with explore(size=(80, 24)) as user:`

    There is no terminal to send frames to, and painting them is most of what such a test would do. So the screen is
    painted where its text is asked for, and at the end; with `paints=True` at every frame, as in a terminal.
    `says=True`: with the sentences in its corner.
    """

    @asynccontextmanager
    async def opened(
        size: tuple[int, int] = (120, 40), *, hello: bool = True, paints: bool = False, says: bool = False,
        scenario: Scenario = ladder,
        **options: bool,
    ) -> AsyncIterator[Explorer]:  # fmt: skip
        monkeypatch.setattr(Compositor, "render_update", paint if paints else drop_frame)
        app = RegtuiApp(scenario, runner=FakeRunner, **options)
        async with app.run_test(size=size, notifications=says) as pilot:
            user = Explorer(app, pilot)
            await user.settle()
            if hello:
                user.runner.say_hello()
            yield user
            assert user.text.strip(), "the last screen can be painted"

    return opened
