"""What a user does with the explorer, and what the screen then says."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest
from textual import events
from ui_fakes import FakeRunner

from regtui.events import Diverged, Failed
from regtui.ui.keys import KEYS
from regtui.ui.panes.lesson import LessonRows
from regtui.ui.panes.stack import StackPane
from regtui.ui.screens.help import place_of
from regtui.ui.text import plain, width


async def test_a_newcomer_sees_the_question_and_one_key_to_press(explore) -> None:
    async with explore(hello=False) as user:
        await user.sees("Which technique closes most of the gap?", "Press space to run the 3 arms", "loading PyTorch")
        await user.until(lambda: ("warm", None) in user.runner.told, "a warmed worker")
        user.runner.say_hello()
        await user.sees("worker ready · cpu")


async def test_space_runs_all_arms_and_the_table_fills(explore) -> None:
    async with explore() as user:
        await user.press("space")
        assert [(r.spec.arm, r.spec.seed) for r in user.runner.requests] == [
            ("baseline", 0), ("+ dropout", 0), ("+ BatchNorm", 0),
        ]  # fmt: skip
        user.runner.play(8)
        await user.sees("● running", "epoch", "waiting")
        user.runner.play()
        await user.sees("100/60.0", "40.0", "95/60", "✔ done", "one seed", "m one more seed (1 of 3 done)")
        assert user.text.count("✔ ") >= 4  # three arms and the header


async def test_enter_on_an_arm_leads_to_its_settings(explore) -> None:
    async with explore(is_new=True) as user:
        await user.sees("enter leads to its settings")
        await user.press("down", "enter")
        assert user.app.focused is not None and user.app.focused.id == "stack-rows"
        await user.press("right")
        await user.until(lambda: user.app.view.arm == "my stack")


async def test_space_pauses_and_goes_on(explore) -> None:
    async with explore() as user:
        await user.press("space")
        user.runner.play(5)
        await user.press("space")
        await user.sees("‖ paused", "space goes on")
        await user.press("space")
        await user.sees("● running")
        told = [what for what, *_ in user.runner.told if what != "warm"]  # which a timer does some time
        assert told[-2:] == ["pause", "resume"]


async def test_a_step_with_nothing_running_starts_held(explore) -> None:
    async with explore() as user:
        await user.press("s")
        commands = [told[0] for told in user.runner.told]
        assert commands.index("pause") < commands.index("step")
        assert len(user.runner.requests) == 3


async def test_more_seeds_give_verdicts_with_intervals(explore) -> None:
    async with explore() as user:
        await user.press("space")
        user.runner.play()
        for _ in range(2):
            await user.press("m")
            user.runner.play()
        await user.sees("✔ confirmed", "+20.0", "[20.0, 20.0]", "seed 3 of 3")
        await user.press("m")
        assert "takes 3 seeds" in user.toasts


async def test_stopped_runs_run_again(explore) -> None:
    async with explore() as user:
        await user.press("space")
        user.runner.play(5)
        await user.press("x")
        await user.sees("■ stopped")
        await user.press("space")
        assert len(user.runner.requests) == 6


async def test_reset_forgets_runs_and_own_arms(explore) -> None:
    async with explore() as user:
        await user.press("space")
        user.runner.play()
        await user.press("shift+tab", "enter")
        await user.sees("my stack")
        await user.press("r")
        assert "Press r again to throw away all runs." in user.toasts
        await user.press("r")
        await user.until(lambda: "my stack" not in user.text.split("Lesson")[0] and "100/60.0" not in user.text)


async def test_editing_a_preset_arm_makes_an_own_one_that_races_along(explore) -> None:
    async with explore() as user:
        await user.press("space")
        user.runner.play(5)
        await user.press("down", "shift+tab", "right")
        await user.sees("my stack")
        assert "made an arm of your own" in user.toasts
        await user.until(lambda: len(user.runner.requests) == 4, "a fourth run")
        request = user.runner.requests[-1]
        assert (request.spec.arm, request.spec.seed) == ("my stack", 0)
        assert request.spec.stack[0].params["p"] == pytest.approx(0.25)
        assert user.app.view.session.arm("+ dropout").stack[0].params["p"] == 0.2


async def test_an_own_live_arm_is_steered_and_the_charts_mark_it(explore) -> None:
    async with explore() as user:
        await user.press("down", "shift+tab", "right", "space")
        names = [request.spec.arm for request in user.runner.requests]
        while user.runner.present is None or user.runner.present.spec.arm != "my stack":
            user.runner.play(1)
        user.runner.play(8)
        await user.press("right")
        run = user.runner.requests[names.index("my stack")].run
        assert ("set", run, "dropout@block.p", pytest.approx(0.3)) in user.runner.told
        assert len(user.runner.requests) == 4
        await user.sees("p 0.3")
        user.runner.play()
        assert user.app.view.session.results()["my stack"] == {}  # steered runs stay out of verdicts


async def test_what_cannot_be_steered_starts_the_own_arm_again(explore) -> None:
    async with explore() as user:
        await user.press("down", "down", "shift+tab", "down", "right", "space")
        while user.runner.present is None or user.runner.present.spec.arm != "my stack":
            user.runner.play(1)
        user.runner.play(5)
        first = user.runner.present.run
        await user.press("right")
        assert "starts again" in user.toasts
        assert ("stop", {first}) in user.runner.told
        await user.until(lambda: len(user.runner.requests) == 5, "the run again")
        assert user.runner.requests[-1].spec.stack[1].params["momentum"] == pytest.approx(0.12)


async def test_a_typed_number_is_kept_with_enter_and_a_wrong_one_is_explained(explore) -> None:
    async with explore() as user:
        await user.press("down", "shift+tab", *"0.45", "enter")
        await user.sees("my stack", ".45")
        await user.press(*"1.5", "enter")
        assert "allowed is a number from 0 below 1" in user.toasts
        await user.press("9", "escape")
        await user.sees(".45")


async def test_an_own_arm_can_be_dropped_and_a_preset_one_cannot(explore) -> None:
    async with explore() as user:
        await user.press("shift+tab", "enter")
        await user.sees("my stack")
        await user.press("tab", "delete")
        await user.until(lambda: len(user.app.view.session.arms) == 3)
        await user.until(lambda: "my stack" not in user.text.split("Arms")[1])
        await user.press("delete")
        assert "belongs to the scenario" in user.toasts


async def test_a_lost_worker_is_told_and_everything_received_is_kept(explore) -> None:
    async with explore() as user:
        await user.press("space")
        user.runner.play(12)
        user.runner.lose("The worker was killed (SIGKILL; out of memory is the usual reason).")
        await user.sees("baseline: The worker was killed", "Once the others are done, space", "! baseline", "87.1/71.1")
        kept = next(iter(user.app.view.session.current.values()))
        assert kept.evaluations and len(kept.loss)
        user.runner.play()
        await user.sees("100/80.0", "baseline: The worker was killed", "Press space to run the arm again")
        await user.press("space")
        assert user.runner.requests[-1].spec.arm == "baseline"
        await user.until(lambda: "The worker was killed" not in user.text, "the reason gone")


async def test_a_diverged_arm_says_so(explore) -> None:
    async with explore() as user:
        await user.press("space")
        user.runner.play(5)
        assert user.runner.present is not None
        user.runner.deliver(Diverged(run=user.runner.present.run, step=31, layer="conv2", value=float("nan")))
        await user.sees("diverged: the loss is no longer finite, first at step 31")


async def test_a_failed_run_is_told_at_the_top_and_why_also_beside_a_single_chart(explore) -> None:
    async with explore(size=(80, 24)) as user:
        await user.press("space")
        user.runner.play(1)
        run = user.runner.present.run
        user.runner.stop()
        user.runner.deliver(Failed(run=run, kind="E", message="no memory is left", hint="", traceback=""))
        await user.sees("✘ 1 failed", "─ Accuracy", "5 tells what went wrong")
        await user.click_on("5 tells what")
        await user.sees("baseline: no memory is left", "─ Lesson")
        assert "5 tells" not in user.text


async def test_leaving_a_scenario_with_runs_takes_a_second_press(explore) -> None:
    async with explore() as user:
        await user.press("space")
        user.runner.play(5)
        before = user.app.view.session.scenario.id
        await user.press("n")
        assert user.app.view.session.scenario.id == before
        assert "press n again" in user.toasts
        await user.press("n")
        assert user.app.view.session.scenario.id != before
        assert ("stop", None) in user.runner.told


async def test_the_picker_lists_the_presets_and_opens_one(explore) -> None:
    async with explore() as user:
        await user.press("o")
        await user.sees("Scenarios", "The ladder: from memorizing to learning")
        await user.press("down", "enter")
        await user.until(lambda: user.app.view.session.scenario.id != "overfitting/test")


async def test_help_lists_every_key_and_explains_the_focused_pane_first(explore) -> None:
    async with explore(size=(120, 300)) as user:
        await user.press("question_mark")
        await user.sees("Keys, everywhere")
        shown = " ".join(user.text.split())
        for key in KEYS:
            assert key.shown in shown and key.help.split()[0] in shown
        assert user.text.index("Arms ──") < user.text.index("Keys, everywhere") < user.text.index("Stack ──")
        await user.press("escape")
        await user.sees("Press space")


@pytest.mark.parametrize(
    ("key", "title"), [("t", "Keys in train() against eval()"), ("c", "Keys in the comparison")]
)  # fmt: skip
async def test_help_on_a_screen_of_its_own_begins_with_the_keys_that_work_there(explore, key: str, title: str) -> None:
    async with explore(size=(120, 200)) as user:
        await user.press(key, "question_mark")
        await user.sees("Keys, everywhere")
        shown = [one for one in user.text.split("\n") if "│ Keys" in one]
        assert title in shown[0] and "Keys, everywhere" in shown[-1]


def test_the_place_of_help_is_the_screens_own_else_the_innermost_panes() -> None:
    assert place_of(["stack-rows", "stack", "body"]) == "stack"
    assert place_of(["watch", "arm-rows", "arms"]) == "watch"
    assert place_of(["lesson-rows", "lesson"]) is None


async def test_the_palette_finds_every_action(explore) -> None:
    async with explore() as user:
        titles = [command.help for command in user.app.get_system_commands(user.app.screen)]
        for key in KEYS:
            if key.place == "app" and key.action and key.action not in ("command_palette", "quit"):
                assert key.help in titles
        await user.press("ctrl+p", *"more seeds")
        await user.until(lambda: "More seeds" in user.text)


async def test_batchnorm_layer_and_statistic_can_be_chosen(explore) -> None:
    async with explore() as user:
        await user.press("down", "down", "space")
        user.runner.play()
        await user.sees("conv1 variance", "1/6")
        await user.press("l", "l", "v")
        await user.sees("conv2 mean", "2/6")


async def test_the_batchnorm_chart_opens_with_the_first_arm_that_has_it(explore) -> None:
    async with explore() as user:
        await user.press("space")
        user.runner.play()
        await user.sees("BatchNorm ■ conv1 variance")


async def test_digits_on_a_row_that_is_off_are_no_chart_keys(explore) -> None:
    async with explore() as user:
        await user.press("shift+tab", "3")
        assert "Dropout is off: press enter to switch it on." in user.toasts
        await user.press("up", "4", "up", "2")
        await user.sees("─ Accuracy", "─ Loss", "─ BatchNorm", "─ Activations")


async def test_enter_shows_the_focused_chart_alone_and_again_all(explore) -> None:
    async with explore() as user:
        await user.press("tab", "tab", "enter")
        await user.until(lambda: "─ Loss" in user.text and "─ Accuracy" not in user.text)
        await user.press("question_mark")
        await user.sees("Keys on a chart")
        await user.press("escape", "enter")
        await user.sees("─ Loss", "─ Accuracy", "─ Lesson")


async def test_escape_leaves_the_large_chart(explore) -> None:
    async with explore() as user:
        await user.press("2")
        await user.until(lambda: "─ Accuracy" not in user.text)
        await user.press("escape")
        await user.sees("─ Loss", "─ Accuracy", "─ Lesson")


@pytest.mark.parametrize("key", ["up", "down", "tab", "space"])
async def test_what_is_typed_is_kept_by_the_keys_that_leave_it(explore, key: str) -> None:
    async with explore() as user:
        await user.press("down", "shift+tab", *"0.45", key)
        await user.until(lambda: user.app.view.arm == "my stack")
        assert user.app.view.selected.stack[0].params["p"] == 0.45
        if key == "space":
            assert user.runner.requests[-1].spec.stack[0].params["p"] == 0.45


async def test_a_wrong_number_is_explained_when_it_is_left(explore) -> None:
    async with explore() as user:
        await user.press("down", "shift+tab", *"1.5", "down")
        assert "allowed is a number from 0 below 1" in user.toasts
        assert user.app.view.arm == "+ dropout"


async def test_editing_a_finished_own_arm_says_that_its_result_is_gone(explore) -> None:
    async with explore() as user:
        await user.press("down", "down", "shift+tab", "down", "right", "space")
        user.runner.play()
        await user.press("right")
        assert "The result of my stack is gone: it was made with other settings. space runs it again." in user.toasts


async def test_editing_a_waiting_own_arm_does_not_speak_of_starting_again(explore) -> None:
    async with explore() as user:
        await user.press("down", "down", "shift+tab", "down", "right", "space", "right")
        await user.until(lambda: len(user.runner.requests) == 5, "the run that replaces the waiting one")
        assert "again" not in user.toasts


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_the_cursor_of_the_stack_stays_in_sight(explore, size: tuple[int, int]) -> None:
    async with explore(size=size) as user:
        await user.press("shift+tab")
        rows = user.app.query_one("#stack-rows")
        count = len(rows.rows)
        for key in [*["down"] * count, *["up"] * count, *["down"] * (count // 2), "enter"]:
            await user.press(key)
            assert rows.selected.label[:12] in user.text, f"{rows.selected.label} after {key}"
        assert rows.selected.is_on


async def test_the_palette_ends_with_the_end(explore) -> None:
    """Enter takes the first command: over another screen than the explorer that was Textual's Quit."""
    async with explore() as user:
        await user.press("question_mark")
        titles = [command.title for command in user.app.get_system_commands(user.app.screen)]
        assert titles.index("Quit") == len(titles) - 1 > 0


async def test_the_palette_does_not_offer_what_only_textual_knows(explore) -> None:
    async with explore() as user:
        titles = {command.title for command in user.app.get_system_commands(user.app.screen)}
        assert not titles & {"Keys", "Maximize", "Screenshot"} and "Theme" in titles


async def test_a_picture_can_be_taken_of_every_screen(explore, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    async with explore() as user:
        await user.press("h")
        await user.sees("Lesson ·", "Goals")
        await user.press("e")
        await user.until(lambda: "Saved" in user.toasts)
        (picture,) = tmp_path.glob("regtui-*.svg")
        assert "Goals" in picture.read_text(encoding="utf-8")
        picture.unlink()
        await user.press("e")
        await user.until(lambda: any(tmp_path.glob("*.svg")) and "Saved" in user.toasts, "another picture")
        (picture,) = tmp_path.glob("*.svg")
        assert "Saved" not in picture.read_text(encoding="utf-8"), "what was said of the first is not in the second"
        titles = [command.title for command in user.app.get_system_commands(user.app.screen)]
        assert titles[0] == "Picture  (e)"


async def test_what_was_said_on_the_screen_below_is_in_no_picture_either(explore, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    async with explore(says=True) as user:
        await user.press("x")
        await user.sees("Nothing is running")
        await user.press("g", "e")
        await user.until(lambda: any(tmp_path.glob("*.svg")))
        (picture,) = tmp_path.glob("*.svg")
        assert "running" not in picture.read_text(encoding="utf-8")
        await user.press("escape", "x")
        await user.sees("Nothing is running")


async def test_a_run_that_never_began_is_no_word_from_a_worker(explore) -> None:
    async with explore() as user:
        await user.press("space")
        user.app.view.heard = 0.0
        user.runner.stop()
        assert user.app.view.heard == 0.0


async def test_help_is_not_cut_by_its_scrollbar(explore) -> None:
    async with explore() as user:
        await user.press("question_mark")
        text = user.app.screen.query_one("#help-text")
        await user.until(lambda: text.virtual_size.height > text.size.height)
        assert max(width(row) for row in text._lines) <= text.room


async def test_the_key_to_press_is_readable_at_80_columns(explore) -> None:
    async with explore(size=(80, 24)) as user:
        await user.sees("Press space")
        lesson = " ".join(row[36:].strip() for row in user.text.split("\n"))
        assert "to run the 3 arms, 10 epochs each" in lesson


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
async def test_nothing_is_cut_off(explore, size: tuple[int, int]) -> None:
    async with explore(size=size) as user:
        await user.press("space")
        user.runner.play()
        await user.sees("100/60.0", "Accuracy", "space run/pause", "? help")
        rows = user.text.split("\n")
        assert len(rows) == size[1] and all(len(row) == size[0] for row in rows)
        assert "Accuracy" in user.text and "baseline" in user.text and "+ BatchNorm" in user.text
        if size[0] >= 120:
            await user.sees("Loss", "Activations", "BatchNorm", "Dropout narrows the gap", "one seed")


async def test_a_narrow_terminal_shows_one_chart_and_tabs(explore) -> None:
    async with explore(size=(80, 24)) as user:
        await user.sees("Which technique closes", "5 lesson")
        await user.press("2")
        await user.until(lambda: "─ Loss" in user.text and "─ Lesson" not in user.text)


async def test_where_one_chart_is_shown_it_is_told_what_to_press(explore) -> None:
    async with explore(size=(80, 24)) as user:
        await user.sees("Press space to run")
        await user.press("space", "1")
        await user.sees("─ Accuracy", "space pauses   x stops")
        user.runner.play()
        await user.sees("─ Accuracy", "One seed gives no interval: m one more seed")
        rows = user.text.split("\n")
        assert "1 accuracy 2 loss 3 norms 4 inside 5 lesson" in rows[-2] and "run/pause" in rows[-1]
        await user.press("5")
        await user.until(lambda: "─ Lesson" in user.text)
        assert user.text.count("One seed gives no interval") == 1


async def test_a_number_enlarges_a_chart_and_brings_all_back(explore) -> None:
    async with explore() as user:
        await user.press("2")
        await user.until(lambda: "─ Loss" in user.text and "─ Accuracy" not in user.text)
        await user.press("2")
        await user.sees("─ Loss", "─ Accuracy", "─ Lesson")


async def test_ascii_terminals_get_ascii_alone(explore) -> None:
    async with explore(ascii_only=True) as user:
        await user.press("space")
        user.runner.play()
        await user.sees("100/60.0")
        drawn = user.app.export_screenshot(simplify=True)
        assert not [sign for sign in drawn if 0x2500 <= ord(sign) <= 0x28FF]


async def test_an_arm_may_be_called_as_one_likes(explore, ladder) -> None:
    name = "[/] p [b]=.3 丸暗記 を防ぐ ドロップアウト の 長い 名前"
    arms = (msgspec.structs.replace(ladder.arms[0], name=name), *ladder.arms[1:])
    async with explore(scenario=msgspec.structs.replace(ladder, arms=arms, claims=()), size=(80, 24)) as user:
        assert name[:6] in user.text.split("Arms")[0] and name[:6] in user.text.split("Arms")[1]
        for key in ("a", "t", "S"):
            await user.press(key)
            await user.until(lambda: user.app.screen is not user.app.explorer)
            assert name[:6] in user.text, key
            await user.press("escape")
            await user.until(lambda: user.app.screen is user.app.explorer)


async def test_dark_and_light(explore) -> None:
    async with explore() as user:
        dark = user.app.view.color("baseline")
        await user.press("d")
        assert not user.app.current_theme.dark
        assert user.app.view.color("baseline") != dark


async def test_a_picture_is_saved_and_its_path_told(explore, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    async with explore() as user:
        await user.press("e")
        await user.until(lambda: "Saved" in user.toasts)
        (picture,) = tmp_path.glob("regtui-*.svg")
        assert "<svg" in picture.read_text() and f"Saved {picture.name} in {tmp_path}" in user.toasts


async def test_quitting_closes_the_runner(explore) -> None:
    async with explore() as user:
        runner: FakeRunner = user.runner
        await user.press("q")
    assert runner.is_closed


async def test_a_key_is_answered_before_the_rest_of_the_screen_follows(explore, monkeypatch) -> None:
    async with explore(paints=True, hello=False) as user:
        order: list[str] = []

        def noted(name: str, call: Callable[[], None]) -> Callable[[], None]:
            return lambda: (order.append(name), call())[1]

        explorer = user.app.explorer
        stack = explorer.query_one(StackPane)
        monkeypatch.setattr(stack, "show_view", noted("answer", stack.show_view))
        monkeypatch.setattr(user.app, "post_display_hook", noted("painted", user.app.post_display_hook))
        monkeypatch.setattr(explorer, "show_charts", noted("rest", explorer.show_charts))
        await user.press("down")
        await user.until(lambda: "rest" in order)
        answered = order[order.index("answer") :]
        assert answered[:3] == ["answer", "painted", "rest"]


async def test_a_silent_worker_is_remarked(explore) -> None:
    async with explore() as user:
        await user.press("space")
        user.runner.play(5)
        user.app.view.heard -= 7
        await user.sees("silent for")


async def test_rows_of_settings_open_and_change(explore) -> None:
    async with explore() as user:
        await user.press("shift+tab", "up", "enter")
        await user.sees("Learning rate", "Batch size")
        await user.press("down", "right")
        await user.until(lambda: user.app.view.selected.train.lr == pytest.approx(5e-3))


async def test_clicks_select_toggle_and_change(explore) -> None:
    async with explore() as user:
        rows = user.app.query_one("#arm-rows")
        await user.pilot.click(rows, offset=(8, 2))
        await user.until(lambda: user.app.view.arm == "+ dropout")
        stack = user.app.query_one("#stack-rows")
        y = next(i for i, row in enumerate(user.text.split("\n")) if "■ Dropout" in row) - stack.region.y
        await user.pilot.click(stack, offset=(8, y))
        await user.sees("−", "+")
        x = next(row.index("−") for row in user.text.split("\n") if "■ Dropout" in row) - stack.region.x
        await user.pilot.click(stack, offset=(x, y))
        await user.until(lambda: user.app.view.selected.stack[0].params["p"] == pytest.approx(0.15))
        await user.pilot.click(stack, offset=(1, y))
        await user.until(lambda: not user.app.view.selected.stack)


async def test_keys_that_come_faster_than_they_are_handled_each_count(explore) -> None:
    async with explore() as user:
        for key in ("down", "down"):
            user.app.post_message(events.Key(key, None))
        await user.until(lambda: user.app.view.selected.name == user.app.view.session.arms[2].name, "the third arm")
        await user.press("shift+tab")
        before = user.app.view.selected.stack[0].params["p"]
        for _ in range(3):
            user.app.post_message(events.Key("plus", "+"))
        after = round(before + 0.15, 2)
        await user.until(lambda: user.app.view.selected.stack[0].params["p"] == after, f"p {after}")


async def test_the_explanation_is_as_high_as_its_text(explore) -> None:
    async with explore(size=(80, 24)) as user:
        about = user.app.query_one("#about")
        await user.until(lambda: about.size.height == about.virtual_size.height == 4, "four rows")


async def test_a_lesson_that_is_hidden_keeps_the_width_at_which_it_comes_back(explore) -> None:
    """Folded anew for no room it flashed up a word a row, above a next step that was as high as the screen."""
    async with explore() as user:
        await user.press("space")
        user.runner.play(3)
        await user.settle()
        step = user.app.screen.query_one("#next-step")
        height = step.styles.height
        await user.press("2")
        user.runner.play(3)
        user.app.explorer.show_all()
        await user.settle()
        assert not step.size.width, "it is hidden"
        assert step.styles.height == height
        question = user.app.view.session.scenario.question
        assert plain(user.app.screen.query_one(LessonRows)._lines[0]) == question
