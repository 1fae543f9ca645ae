"""Stored runs beside each other on the screen, and the ghost in the explorer's own charts."""

from __future__ import annotations

from pathlib import Path

import pytest

from regtui.events import Marker
from regtui.store import Recorder
from regtui.ui.figures import accuracy_figure, loss_figure
from regtui.ui.screens.compare import CompareScreen


@pytest.fixture
def recorder(tmp_path: Path) -> Recorder:
    return Recorder(tmp_path)


def compare_of(user) -> CompareScreen:
    (screen,) = [screen for screen in user.app.screen_stack if isinstance(screen, CompareScreen)]
    return screen


async def runs(user, seeds: int = 2) -> None:
    """All arms with some seeds, recorded; gaps are 40, 20, 20 points plus the seed."""
    await user.press("space")
    user.runner.play()
    for _ in range(seeds - 1):
        await user.press("m")
        user.runner.play()


async def test_the_scenarios_arms_are_drawn_with_figures_pairs_and_differences(explore, recorder) -> None:
    async with explore(recorder=recorder) as user:
        await runs(user)
        await user.press("c")
        await user.sees("Test accuracy", "3 shown, 3 picked", "59.5 ±6.4", "reference", "+20.0 ±0.0", "last")
        await user.sees("Only what differs", "dropout@block.p", "batchnorm@conv", "0.2")
        comparison = compare_of(user).comparison
        await user.until(lambda: set(comparison.curves()) == {arm.key for arm in comparison.arms}, "all logs read")
        await user.press("escape")
        await user.sees("Which technique closes most of the gap?")


async def test_the_palette_has_the_actions_of_the_screen(explore, recorder) -> None:
    async with explore(recorder=recorder) as user:
        await runs(user, seeds=1)
        await user.press("c")
        await user.sees("Test accuracy", "reference")
        await user.press("ctrl+p", *"metric")
        await user.sees("Metric  (m)")
        await user.press("enter")
        await user.sees("─ Gap")


async def test_the_cursor_reads_the_measured_points(explore, recorder) -> None:
    async with explore(recorder=recorder) as user:
        await runs(user, seeds=1)
        await user.press("c")
        await user.sees("reference")
        comparison = compare_of(user).comparison
        await user.press("left", "left")
        assert comparison.cursor == 8.0
        (baseline,) = [curve for key, curve in comparison.curves().items() if key[1] == "baseline"]
        await user.sees("epoch 8", f"{baseline.at(8.0)[1]:.1f}")
        await user.press("s", "s")
        (smooth,) = [curve for key, curve in comparison.curves().items() if key[1] == "baseline"]
        assert smooth.at(8.0) == baseline.at(8.0) and smooth.mean != baseline.mean
        await user.press("right", "right")
        assert comparison.cursor is None
        await user.press("x")
        assert comparison.axis == "step"
        await user.press("H")
        await user.sees("step 10")
        chart = compare_of(user)._chart
        await user.until(lambda: chart.is_settled)
        column = next(x for x in range(chart.size.width) if (chart.x_at(x) or 0) > 29)
        await user.pilot.click(chart, offset=(column, 5))
        assert comparison.cursor == 30.0  # the nearest measured point
        assert chart.x_at(0) is None


async def test_the_filter_narrows_and_completes(explore, recorder) -> None:
    async with explore(recorder=recorder) as user:
        await runs(user, seeds=2)
        await user.press("c")
        await user.sees("reference")
        await user.press("slash", *"arm=drop")
        await user.sees("1 shown, 3 picked", "tab arm='+ dropout'")
        await user.press("tab", "space", *"seed=1")
        await user.until(lambda: compare_of(user)._filter.value == "arm='+ dropout' seed=1")
        comparison = compare_of(user).comparison
        assert [[entry.spec.seed for entry in arm.entries] for arm in comparison.shown] == [[1]]
        await user.press(*" oops=1")
        await user.sees("oops is no key of these runs")


async def test_arms_are_picked_by_key_and_mouse_and_another_is_the_reference(explore, recorder) -> None:
    async with explore(recorder=recorder) as user:
        await runs(user)
        await user.press("c")
        await user.sees("reference")
        comparison = compare_of(user).comparison
        await user.press("space")
        assert len(comparison.picked) == 2
        await user.pilot.click("#compared-arms", offset=(3, 1))
        assert len(comparison.picked) == 3
        await user.press("down", "b")
        await user.sees("-20.0 ±0.0")
        await user.press("a")
        assert not comparison.picked
        await user.sees("space picks the marked arm")


async def test_steered_runs_are_flagged_and_pair_with_nothing(explore, recorder) -> None:
    async with explore(recorder=recorder) as user:
        await user.press("space")
        user.runner.play(3)
        user.runner.deliver(Marker(run=user.runner.present.run, step=1, kind="set", key="train.lr", value=0.5))
        user.runner.play()
        await user.press("c")
        await user.sees("~0/1", "1 steered", "no pair")


async def test_an_empty_store_says_what_to_do(explore, recorder) -> None:
    async with explore(recorder=recorder) as user:
        await user.press("c")
        await user.sees("no run is stored yet: press escape, then space, to make some")
        await user.press("m", "x", "s", "y", "left", "space", "a", "b", "down", "v", "r")
        await user.sees("no run is stored yet")


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
async def test_no_row_is_wider_than_its_place(explore, recorder, size) -> None:
    async with explore(size, recorder=recorder) as user:
        await runs(user, seeds=1)
        await user.press("c")
        await user.sees("reference", "? help  escape close")
        screen = compare_of(user)
        for lines in (screen._arms, screen._settings):
            if lines.size.width:
                assert max(sum(len(text) for text, _ in row) for row in lines._lines) <= lines.room


async def test_the_ghost_is_the_run_before_of_this_session_or_of_the_store(explore, recorder) -> None:
    async with explore(recorder=recorder) as user:
        await runs(user, seeds=1)

        def ghosts() -> list[object]:
            figures = (accuracy_figure(user.app.view), loss_figure(user.app.view))
            return [[one for one in figure.chart.series if one.stroke == "dotted" and one.dim] for figure in figures]

        assert ghosts() == [[], []]
        await user.press("G")
        await user.until(lambda: "no earlier run" in user.toasts)
        await user.press("r", "r", "space")
        assert ghosts() == [[], []]  # what was reset is gone from the session, and looked for again when G is pressed
        await user.press("G", "G")
        await user.until(lambda: all(ghosts()))
        (one,), _ = ghosts()
        assert len(one.x) == 5
        await user.sees("┈ before")
        await user.press("G")
        assert ghosts() == [[], []]
