"""Rough use: a window that is dragged about while it trains, and keys that fall on the keyboard."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest
from textual.app import App
from textual.geometry import Size

from regtui.ui.keys import KEYS
from regtui.ui.messages import EntryMoved, ValueNudged

IS_FULL = os.environ.get("REGTUI_FAULTS") == "full"
"""All rounds; the suite takes a few."""


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures and exports that keys save belong into no checkout."""
    monkeypatch.chdir(tmp_path)


LEAVING = {name for key in KEYS for name in key.keys.split(",") if key.action == "quit"}
NAMES = sorted({name for key in KEYS for name in key.keys.split(",") if key.action} - LEAVING)
OTHERS = ["backspace", "home", "end", "pageup", "f1", "ctrl+z", "insert", "ctrl+u", "é", "漢", "🎲", "%", "0", "9"]


async def test_a_window_that_is_dragged_about_shows_what_fits(explore) -> None:
    draw = random.Random(3)
    async with explore() as user:
        await user.press("space")
        for _ in range(500 if IS_FULL else 12):
            width, height = draw.randint(20, 300), draw.randint(5, 100)
            await user.pilot.resize_terminal(width, height)
            user.runner.play(draw.randint(0, 9))
            await user.settle()
            assert user.app.size == Size(width, height)
            assert all(len(row) <= width for row in user.text.splitlines())
        await user.pilot.resize_terminal(120, 40)
        await user.sees("The ladder", "baseline", "Lesson")


async def test_a_key_for_what_a_quicker_key_has_taken_away_does_nothing(explore) -> None:
    async with explore() as user:
        arm = user.app.view.arm
        for message in (EntryMoved("dropout@activation", 1), ValueNudged("dropout@activation.p", 1)):
            assert user.app.explorer.post_message(message)
        await user.settle()
        assert user.app.is_running and user.app.view.arm == arm


async def test_a_dialog_that_two_keys_close_at_once_takes_nothing_else_with_it(explore) -> None:
    async with explore() as user:
        await user.press("question_mark")
        dialog = user.app.screen
        dialog.dismiss(None)
        dialog.dismiss(None)
        await user.settle()
        assert user.app.is_running and user.app.screen is user.app.explorer


@pytest.mark.parametrize("seed", range(10 if IS_FULL else 1))
async def test_keys_that_fall_on_the_keyboard_never_end_it(explore, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    draw = random.Random(seed)

    async def quit(_: App[None]) -> None:
        """The command palette offers it, and a hand that falls on the keyboard may take it."""

    monkeypatch.setattr(App, "action_quit", quit)
    async with explore(paints=True) as user:
        pressed: list[str] = []
        for _ in range(1000 if IS_FULL else 60):
            pressed.append(draw.choice(NAMES if draw.random() < 0.8 else OTHERS))
            await user.press(pressed[-1])
            if draw.random() < 0.2:
                user.runner.play(draw.randint(1, 5))
            assert user.app.is_running, f"it ended after {pressed[-10:]}"
        while len(user.app.screen_stack) > 1:
            await user.press("escape")
        await user.sees("regtui")
