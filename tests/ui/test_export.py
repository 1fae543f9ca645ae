"""E takes runs home from the explorer."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.widgets import OptionList

from regtui.store import Recorder
from regtui.ui.taking_home import FORMATS


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


async def test_e_writes_the_chosen_format_and_says_where(explore, here: Path, tmp_path: Path) -> None:
    async with explore(recorder=Recorder(tmp_path / "runs")) as user:
        await user.press("space")
        user.runner.play()
        await user.settle()
        await user.press("E")
        await user.sees("Export · baseline", "HTML report", "TensorBoard")
        await user.press("j", "j", "k", "k", "enter")
        await user.until(lambda: "Saved" in user.toasts)
        (page,) = here.glob("regtui-*.html")
        assert str(page) in user.toasts
        text = page.read_text()
        assert (
            all(arm in text for arm in ("baseline", "+ dropout", "+ BatchNorm")) and "Dropout narrows the gap" in text
        )


@pytest.mark.parametrize("kind", ["csv", "json"])
async def test_the_other_formats_are_of_the_selected_arm(kind: str, explore, here: Path, tmp_path: Path) -> None:
    async with explore(recorder=Recorder(tmp_path / "runs")) as user:
        await user.press("space")
        user.runner.play()
        await user.settle()
        await user.press("down", "E")
        screen = user.app.screen
        at = list(FORMATS).index(kind)
        await user.pilot.click(OptionList, offset=(4, 2 * at))
        await user.until(lambda: "Saved" in user.toasts)
        assert user.app.screen is not screen
        (path,) = here.glob(f"regtui-*.{kind}")
        assert "+ dropout" in path.read_text() and "baseline" not in path.read_text().replace("a/baseline", "")


async def test_before_a_run_a_sentence_says_that_there_is_nothing(explore, here: Path, tmp_path: Path) -> None:
    async with explore(recorder=Recorder(tmp_path / "runs")) as user:
        await user.press("E", "enter")
        await user.until(lambda: "no arm has been measured yet" in user.toasts)
        await user.press("E", "j", "enter")
        await user.until(lambda: "Nothing to export: baseline" in user.toasts)
        assert not list(here.iterdir())


@pytest.mark.usefixtures("here")
async def test_what_is_not_recorded_is_said(explore) -> None:
    async with explore() as user:
        await user.press("E", "enter")
        await user.until(lambda: "not recorded" in user.toasts)
