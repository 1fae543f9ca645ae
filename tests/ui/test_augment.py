"""What a user sees and does where augmentation is made visible; the answers of the worker are recorded ones."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from msgspec.structs import replace
from ui_fakes import FakeRunner

from regtui.events import Preview
from regtui.preview import Picture, Previewed, Word
from regtui.scenario import Scenario, loads
from regtui.ui.previews import Ground, picture_lines, preview_lines, share, target_lines, words_line
from regtui.ui.text import plain, width

SCENARIO = """
title = "Mixed"
section = "augmentation"
question = "Which?"
watch = "The curves."
story = "A story."

[base]
data = { train = 100, validation = 100, test = 100 }
train = { epochs = 10, batch_size = 20, evaluations = 5, probes = 10 }

[[arms]]
name = "plain"

[[arms]]
name = "moved"
add = [{ crop = {} }, { flip = { p = 0.5 } }, { mixup = { alpha = 0.2 } }]
"""


def flat(value: int, side: int = 28) -> Picture:
    return Picture(width=side, height=side, channels=1, pixels=bytes([value]) * side * side)


def mixed(count: int = 8) -> list[Previewed]:
    target = [("Bag", 0.62), ("Coat", 0.38)]
    return [
        Previewed(label="Bag", before=flat(10 * i), after=flat(255 - i), share=0.62, partner=(i + 1) % count,
                  target=target)
        for i in range(count)
    ]  # fmt: skip


TEXT = Previewed(
    label="food", original=["a", "hot", "soup", "of", "old", "beans"],
    words=[Word("a"), Word("?"), Word("broth", "replaced", "soup"), Word("beans", "moved"), Word("of", "deleted"),
           Word("stew", "inserted"), Word("old", "masked")],
)  # fmt: skip


@pytest.fixture
def scenario() -> Scenario:
    return loads(SCENARIO, source="test", id="augmentation/test")


def answer(runner: FakeRunner, samples: Sequence[Previewed], **more: object) -> None:
    runner.deliver(Preview(ask=runner.probes[-1].ask, samples=list(samples), **more))  # type: ignore[arg-type]


async def test_before_any_run_the_settings_are_asked_and_the_pictures_shown(explore, scenario: Scenario) -> None:
    async with explore(scenario=scenario) as user:
        await user.press("down", "a")
        await user.sees("Augmentation · moved", "Random crop px − 2 +", "Horizontal flip p .50", "asked the worker")
        probe = user.runner.probes[-1]
        assert (probe.spec.arm, probe.run, probe.draw) == ("moved", "", 0)
        answer(user.runner, mixed())
        await user.sees("1 Bag", "4 Bag", "λ .62", "█ .62 Bag", "▒ .38 Coat", "draws 1 · from the settings")
        await user.press("escape")
        await user.sees("Which?")
        assert user.runner.requests == []


async def test_space_asks_for_other_draws_and_an_answer_out_of_date_is_passed_over(explore, scenario) -> None:
    async with explore(scenario=scenario) as user:
        await user.press("down", "a")
        early = user.runner.probes[-1]
        await user.press("space")
        assert [probe.draw for probe in user.runner.probes] == [0, 1]
        user.runner.deliver(Preview(ask=early.ask, trouble="too late"))
        answer(user.runner, mixed(), step=40)
        await user.sees("draws 2 · step 40 of its run")
        assert "too late" not in user.text


async def test_the_strength_changes_with_the_same_draws_on_an_arm_of_ones_own(explore, scenario) -> None:
    async with explore(scenario=scenario) as user:
        await user.press("down", "a", "down", "right")
        await user.sees("Augmentation · my stack", "p − .55 +")
        first, last = user.runner.probes[0], user.runner.probes[-1]
        assert (last.spec.arm, last.draw) == ("my stack", first.draw)
        assert [entry.params.get("p") for entry in last.spec.stack][1] == pytest.approx(0.55)
        await user.press("up", "left")
        await user.sees("px − 1 +")


async def test_while_the_arm_trains_its_run_answers(explore, scenario) -> None:
    async with explore(scenario=scenario) as user:
        await user.press("space")
        while user.runner.present is None or user.runner.present.spec.arm != "moved":
            user.runner.play(1)
        user.runner.play(3)
        await user.press("down", "a")
        assert user.runner.probes[-1].run == user.runner.present.run
        user.runner.play(3)
        assert not {told[0] for told in user.runner.told} & {"pause", "stop"}
        answer(user.runner, mixed(), step=2, resting=["mixup@input"])
        await user.sees("step 2 of its run", "mixup@input rests in the last epochs.")


async def test_an_arm_that_changes_nothing_and_a_worker_that_cannot_are_told_in_a_sentence(explore, scenario) -> None:
    async with explore(scenario=scenario) as user:
        user.app.view.session.arms[1:] = []
        await user.press("a")
        await user.sees("This arm changes no pictures: switch Random crop on in the stack.")
        assert user.runner.probes == []


async def test_where_the_selected_arm_changes_nothing_the_first_that_does_is_selected(explore, scenario) -> None:
    async with explore(scenario=scenario) as user:
        await user.press("a")
        await user.sees("Augmentation · moved")
        assert user.runner.probes[-1].spec.arm == user.app.view.arm == "moved"
        assert user.toasts == "plain changes no samples: moved is selected, which does."
        answer(user.runner, [], trouble="moved cannot be shown: no device")
        await user.sees("moved cannot be shown: no device")


@pytest.mark.parametrize(("size", "is_told"), [((120, 40), True), ((80, 24), False)])
async def test_rows_that_the_pictures_leave_say_what_is_done_to_them(explore, scenario, size, is_told) -> None:
    async with explore(scenario=scenario, size=size) as user:
        await user.press("down", "a")
        await user.sees("Random crop      Pads each training picture")
        answer(user.runner, [replace(sample, target=[]) for sample in mixed()])
        await user.sees("↓ in training")
        assert ("Pads each training picture" in user.text) is is_told


async def test_ascii_and_the_smallest_terminal(explore, scenario) -> None:
    async with explore(size=(80, 24), scenario=scenario, ascii_only=True) as user:
        await user.press("down", "a")
        answer(user.runner, mixed())
        await user.sees("@@@@@@@@", "l .62", "# .62 Bag", "% .38 Coat")
        assert user.text.isascii()
        await user.press("question_mark")
        await user.sees("Augmentation made visible")


@pytest.mark.parametrize("size", [(76, 19), (116, 36), (156, 46), (30, 10)])
def test_pictures_fit_originals_above(size: tuple[int, int]) -> None:
    room, height = size
    rows = picture_lines(mixed(), room, height, Ground())
    assert len(rows) <= max(height, 8 + 2 + 3) and max(map(width, rows)) <= room + 1
    pictures = [row for row in rows if "▀" in plain(row)]
    assert len(pictures) % 2 == 0
    assert pictures[0][0][1] == "#000000 on #000000" and pictures[-1][0][1] == "#ffffff on #ffffff"


def test_at_120_by_40_pictures_have_all_their_pixels() -> None:
    rows = picture_lines(mixed(), 116, 36, Ground())
    assert sum("▀" in plain(row) for row in rows) == 28 and plain(rows[1]).count("▀") == 4 * 28


def test_two_rows_of_pictures_say_which_is_which() -> None:
    rows = [plain(row).strip() for row in picture_lines(mixed(), 116, 36, Ground())]
    assert rows[15] == "↓ in training"


def test_a_large_terminal_is_used_for_all_pictures_each_beside_what_became_of_it() -> None:
    rows = [plain(row) for row in picture_lines(mixed(), 196, 56, Ground())]
    assert sum(row.count("→") for row in rows) == 8 and len(rows) == 3 * 18 + 2 == 56
    assert max(map(len, rows)) <= 196
    pair = "▀" * 28 + " " + "▀" * 28
    assert rows[1].strip() == (pair + "    ") * 2 + pair, "with all their pixels, the pairs apart"
    assert rows[15].startswith("█") and rows[15].index("λ .62") + 5 == len(pair)


@pytest.mark.parametrize("parts", [[1.0], [0.5, 0.5], [0.91] + [0.01] * 9, [0.34, 0.33, 0.33]])
def test_a_bar_is_always_full_and_lambda_stands_behind_it(parts: list[float]) -> None:
    sample = Previewed(label="a", share=parts[0], partner=1, target=[(f"class {i}", p) for i, p in enumerate(parts)])
    for room in (8, 14, 28):
        bar = plain(target_lines(sample, room, mixes=True)[0])
        assert len(bar) == room and bar.endswith(f" λ {share(parts[0])}")
        assert abs(bar.count("█") - parts[0] * (room - 6)) <= 0.5


def test_a_partner_of_the_same_class_is_named() -> None:
    sample = Previewed(label="Bag", share=0.7, partner=4, target=[("Bag", 1.0)])
    assert "of 5, same class" in plain(target_lines(sample, 28, mixes=True)[2])


def test_every_fate_of_a_word_has_a_sign_of_its_own_and_the_legend_has_it() -> None:
    text = plain(words_line(TEXT.words))
    assert text == "a ? soup→broth »beans −of +stew ?old?"
    legend = plain(preview_lines([TEXT], 76, 19, Ground())[0])
    assert all(sign in legend for sign in ("→", "»", "+", "−", "?masked?"))


def test_a_text_that_nothing_happened_to_says_so_and_long_ones_wrap() -> None:
    calm = Previewed(label="act", original=["a", "walk"] * 30, words=[Word("a"), Word("walk")] * 30)
    rows = preview_lines([calm], 60, 5, Ground())
    assert any("unchanged" in plain(row) for row in rows) and max(map(width, rows)) <= 60
