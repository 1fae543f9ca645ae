"""An explorer on a fake runner, and what can be read from its screen."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.pilot import Pilot

sys.path.insert(0, str(Path(__file__).parent))  # helpers beside the tests, which importlib mode does not find

from ui_fakes import FakeRunner

from regtui.scenario import Scenario, loads
from regtui.ui.app import RegtuiApp

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
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def until(self, condition: Callable[[], object], what: str = "") -> None:
        """Wait for a condition, five seconds at most."""
        deadline = time.monotonic() + 5
        while not condition():
            assert time.monotonic() < deadline, f"{what or 'condition'} not met; the screen:\n{self.text}"
            await self.pilot.pause()
            await asyncio.sleep(0.02)

    async def sees(self, *texts: str) -> None:
        """Wait until all texts are on the screen."""
        await self.until(lambda: all(text in self.text for text in texts), f"{texts} on the screen")


@pytest.fixture
def ladder() -> Scenario:
    return loads(LADDER, source="test", id="overfitting/test")


@pytest.fixture
def explore(ladder: Scenario) -> Callable[..., object]:
    """`async with explore(size=(80, 24)) as user:`"""

    @asynccontextmanager
    async def opened(
        size: tuple[int, int] = (120, 40), *, hello: bool = True, scenario: Scenario = ladder, **options: bool
    ) -> AsyncIterator[Explorer]:
        app = RegtuiApp(scenario, runner=FakeRunner, **options)
        async with app.run_test(size=size) as pilot:
            user = Explorer(app, pilot)
            await pilot.pause()
            if hello:
                user.runner.say_hello()
            yield user

    return opened
