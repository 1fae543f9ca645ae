"""A sweep on the screen: what is drawn of its trials, that it follows the folder, and how one is begun."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "sweep"))

from sweep_folders import write_folder

from regtui.store import Recorder
from regtui.sweep.following import Following
from regtui.sweep.record import Trial
from regtui.sweep.winner import scenario_text
from regtui.ui.charts import draw
from regtui.ui.figures.sweep import best_figure, log_ticks, slice_figure
from regtui.ui.figures.sweep_paths import paths_figure
from regtui.ui.screens.sweep import SweepScreen
from regtui.ui.screens.sweep_form import SweepForm
from regtui.ui.sweep_lines import head_line, on_the_point, short_name, trial_lines
from regtui.ui.text import plain, width


@pytest.fixture(autouse=True)
def looks_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second between two looks into a folder would be most of what these tests take."""
    monkeypatch.setattr("regtui.ui.screens.sweep.POLL", 0.05)


def drawn(figure, size: tuple[int, int] = (56, 12)) -> str:
    return "\n".join(strip.text for strip in draw(figure.chart, *size))


def test_trials_are_points_and_the_best_one_a_star(tmp_path: Path) -> None:
    sweep = Following(write_folder(tmp_path, trials=10).path)
    text = drawn(best_figure(sweep, dark=True))
    assert text.count("★") == 1 and text.count("○") == 2 and 1 <= text.count("●") <= 7
    for dimension in sweep.plan.space:
        text = drawn(slice_figure(sweep, dimension, dark=False))
        assert "★" in text and "○" in text


def test_all_settings_stand_in_one_picture_and_the_best_path_is_signed_at_each(tmp_path: Path) -> None:
    sweep = Following(write_folder(tmp_path, trials=10).path)
    figure = paths_figure(sweep, dark=True)
    assert len(figure.chart.series) == 8, "what was given up is no whole path"
    text = drawn(figure, (100, 16))
    assert text.count("★") == len(sweep.plan.space) + 1
    for name in ("dropout.p", "train.lr", "magnitude", "schedule", "validation"):
        assert name in text
    best = figure.chart.series[-1]
    (rate,) = [place for place, dimension in enumerate(sweep.plan.space) if dimension.log]
    assert sweep.best is not None and best.y[-1] == 100.0
    value = float(sweep.best.params["train.lr"])
    assert best.y[rate] == pytest.approx(100 * (math.log10(value) + 4) / 3), "evenly in the logarithm"
    alone = write_folder(tmp_path / "alone", over=["dropout.p=0:0.7"], trials=1)
    assert paths_figure(Following(alone.path), dark=False).chart.series, "one trial, one setting"


def test_a_logarithmic_setting_has_a_logarithmic_axis(tmp_path: Path) -> None:
    sweep = Following(write_folder(tmp_path).path)
    (rate,) = [dimension for dimension in sweep.plan.space if dimension.log]
    figure = slice_figure(sweep, rate, dark=True)
    low, high = figure.chart.x_limits
    assert low < math.log10(rate.low) and high > math.log10(rate.high)
    assert "0.001" in drawn(figure) and "matters 25 %" in plain(figure.title)


def test_the_numbers_of_a_logarithmic_axis_lie_in_the_range() -> None:
    assert [text for _, text in log_ticks(1e-3, 1e-1)] == ["0.001", "0.002", "0.005", "0.01", "0.02", "0.05", "0.1"]
    assert [text for _, text in log_ticks(1e-6, 1e-1)] == ["1e-06", "1e-05", "0.0001", "0.001", "0.01", "0.1"]
    assert [text for _, text in log_ticks(0.3, 0.4)] == []


def test_the_columns_of_the_trials_line_up(tmp_path: Path) -> None:
    folder = write_folder(tmp_path)
    with folder:
        sweep = Following(folder.path)
        rows = [plain(row) for row in trial_lines(sweep, 100, dark=True)]
    assert len({len(row) for row in rows}) == 1 and "45 % done" in rows[1]
    assert all(width(row) <= 40 for row in trial_lines(sweep, 40, dark=True))
    assert width(head_line(sweep, 78)) == 78


def test_numbers_of_a_column_stand_with_their_points_below_each_other() -> None:
    assert on_the_point(["0.3", "0.4521", "12", ""]) == ["0.3   ", "0.4521", "12     ", "     "]
    assert on_the_point(["1e-05", "0.01"]) == ["1e-05", "0.01"] and on_the_point(["cosine"]) == ["cosine"]


def test_keys_are_short_where_they_stay_clear() -> None:
    keys = ["dropout.p", "train.lr", "randaugment.magnitude", "trivial.magnitude", "train.schedule"]
    assert [short_name(key, keys) for key in keys] == [
        "dropout.p", "train.lr", "randaugment.magnitude", "trivial.magnitude", "schedule",
    ]  # fmt: skip


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
async def test_the_screen_follows_the_folder(explore, tmp_path: Path, size: tuple[int, int]) -> None:
    folder = write_folder(tmp_path, trials=5)
    async with explore(size=size) as user:
        with folder:
            user.app.watch_sweep(folder.path)
            await user.sees("Best so far", "dropout.p", "5/30 trials", "2 under way", "searching", "best first")
            folder.write(Trial(number=5, params={"dropout.p": 0.5}, state="complete", validation=88.8))
            await user.sees("6/30 trials", "88.8", "1 under way")
            assert not folder.is_told_to_stop
            await user.press("x")
            await user.until(lambda: "Stopping" in user.toasts and folder.is_told_to_stop)
        await user.sees("stopped", "Nobody works on this sweep")
        await user.press("escape")
        assert not isinstance(user.app.screen, SweepScreen)


async def test_the_winner_is_opened_as_a_scenario_once_there_is_one(explore, ladder, tmp_path: Path) -> None:
    folder = write_folder(tmp_path, trials=5, phase="done")
    async with explore() as user:
        user.app.watch_sweep(folder.path)
        await user.sees("Best so far")
        await user.press("o")
        await user.until(lambda: "There is no winner yet" in user.toasts)
        arm = ladder.arms[1]
        winner = msgspec.structs.replace(arm, name="winner")
        (folder.path / "winner.toml").write_text(scenario_text(ladder, arm, winner, "x"))
        await user.press("o")
        await user.sees("the winner of a sweep", "winner")
        assert [each.name for each in user.app.view.session.arms] == ["+ dropout", "winner"]


async def test_the_next_setting_takes_the_slice(explore, tmp_path: Path) -> None:
    folder = write_folder(tmp_path)
    async with explore(size=(80, 24)) as user:
        user.app.watch_sweep(folder.path)
        await user.sees("dropout.p  matters 50 %")
        await user.press("l")
        await user.sees("train.lr  matters 25 %")
        await user.press("p")
        await user.sees("Paths", "★ the best")
        await user.press("p")
        await user.press("L")
        await user.sees("dropout.p  matters 50 %")


async def test_where_one_setting_is_searched_there_is_no_next_one(explore, tmp_path: Path) -> None:
    folder = write_folder(tmp_path, trials=5)
    async with explore() as user:
        user.app.watch_sweep(folder.path)
        await user.until(lambda: isinstance(user.app.screen, SweepScreen))
        user.app.screen.sweep.plan = msgspec.structs.replace(
            user.app.screen.sweep.plan, space=user.app.screen.sweep.plan.space[:1]
        )
        await user.press("l")
        assert "One setting is searched" in user.toasts


async def test_the_form_says_what_is_wrong_and_gives_the_command(explore, tmp_path: Path) -> None:
    async with explore(recorder=Recorder(tmp_path)) as user:
        begun: list[list[str]] = []
        user.app._begin_sweep = lambda words: begun.append(words)  # type: ignore[method-assign]
        await user.press("j", "S")
        await user.sees("Sweep · + dropout", "dropout@block.p=0:", "regtui sweep")
        assert isinstance(user.app.screen, SweepForm)
        await user.press(*"x")
        await user.sees("no number")
        await user.press("enter")
        assert not begun, "nothing begins while something is wrong"
        await user.press("backspace", "enter")
        await user.until(lambda: begun)
        assert begun[0][0] == "sweep" and begun[0][-2:] == ["--trials", "20"]


async def test_a_sweep_that_begins_covers_no_dialog_that_was_opened_meanwhile(explore, tmp_path: Path) -> None:
    folder = write_folder(tmp_path, trials=5)
    begun = SimpleNamespace(is_alive=True, folder=lambda: folder.path)
    async with explore() as user:
        await user.press("o")
        await user.app._await_sweep(begun)
        await user.until(lambda: "S shows it" in user.toasts)
        assert not isinstance(user.app.screen, SweepScreen)
        await user.press("escape")
        await user.app._await_sweep(begun)
        await user.until(lambda: isinstance(user.app.screen, SweepScreen))
