"""What all looks at weights share: they ask, follow a run that trains, and say whose weights they show."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from regtui.events import Checkpoint, Measured, NormTruth, Recalibrated, Subnetworks
from regtui.norm_truth import Distance, LayerTruth, Moments
from regtui.ui.screens import look
from regtui.ui.screens.look import UNKEPT

THREE = [0.1, 0.2, 0.3]
LAYER = LayerTruth(
    name="conv1.norm", channels=3, momentum=0.1, batches=30, frozen=False, count=40, set_count=1000,
    running=Moments(THREE, THREE), batch=Moments(THREE, THREE), whole=Moments(THREE, THREE),
    running_off=Distance(0.1, 0.8, 0.25), batch_off=Distance(0.1, 1.1, 0.1),
)  # fmt: skip


def truth(ask: str, **more: object) -> NormTruth:
    given = {"step": 40, "weights": "run", "batch": 20, "samples": 100, "layers": [LAYER]}
    return NormTruth(ask=ask, **(given | more))  # type: ignore[arg-type]


def subnetworks(ask: str, step: int = 40) -> Subnetworks:
    return Subnetworks(
        ask=ask, step=step, weights="run", samples=200, accuracies=[50.0, 60.0, 55.0, 57.0],
        votes=[(1, 55.5), (2, 58.0), (4, 61.0)], loss_alone=1.2, loss_voted=0.9, disagreement=20.0,
        eval_accuracy=60.0, eval_loss=1.0,
    )  # fmt: skip


def play_until(user, arm: str) -> None:
    """Play up to the first event of an arm's run."""
    while user.runner.present is None or user.runner.present.spec.arm != arm:
        user.runner.play(1)


async def test_an_evaluated_run_is_asked_again_with_the_same_draws_and_the_course_is_kept(
    explore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(look, "FOLLOW_AFTER", 0.0)
    async with explore() as user:
        await user.press("space", "j")
        play_until(user, "+ dropout")
        user.runner.play(8)
        run = user.runner.present.run
        await user.press("u")
        await user.sees("Sub-networks · + dropout", "its run trains in train()", "asked the worker")
        first = user.runner.probes[-1]
        assert (first.kind, first.run, first.draw) == ("subnetworks", run, 0)
        user.runner.deliver(subnetworks(first.ask, step=10))
        await user.sees("each alone 55.5 % right on average, 50.0 to 60.0", "mean of 4", "eval() 60.0 %")
        asked = len(user.runner.probes)
        user.runner.play(10)
        await user.until(lambda: len(user.runner.probes) > asked, "a question at the next evaluation")
        again = user.runner.probes[-1]
        assert (again.kind, again.run, again.draw) == ("subnetworks", run, 0)
        user.runner.deliver(subnetworks(again.ask, step=20))
        await user.sees("step    alone", " 10     55.5     50.0     60.0     61.0     60.0", " 20     55.5")


async def test_nobody_is_asked_while_nothing_new_was_evaluated(explore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(look, "FOLLOW_AFTER", 0.0)
    async with explore() as user:
        await user.press("space")
        play_until(user, "+ BatchNorm")
        user.runner.play(8)
        await user.press("b")
        user.runner.deliver(truth(user.runner.probes[-1].ask))
        await user.sees("weights of its run, after step 40")
        for _ in range(3):
            user.app.screen.rows.glance()
        assert len(user.runner.probes) == 1


async def test_recalibration_is_asked_for_and_its_result_stays_beside_later_truths(explore) -> None:
    async with explore() as user:
        await user.press("j", "j", "b")
        user.runner.deliver(truth(user.runner.probes[-1].ask))
        await user.sees("Furthest from the truth is conv1", "0.80 times", "▸ conv1")
        await user.press("c")
        await user.sees("recalibrating a copy")
        probe = user.runner.probes[-1]
        assert probe.kind == "recalibrated"
        user.runner.deliver(
            Recalibrated(ask=probe.ask, step=40, weights="run", samples=100, split="test", judged=100,
                         before=Measured(loss=1.5, accuracy=50.0), after=Measured(loss=1.0, accuracy=62.5),
                         changed=30.0)
        )  # fmt: skip
        await user.sees("test accuracy 50.0 → 62.5 % (+12.5 points)", "30.0 % of 100 guesses", "Measured on a copy")
        await user.press("space")
        assert (user.runner.probes[-1].kind, user.runner.probes[-1].draw) == ("norms", 1)
        user.runner.deliver(truth(user.runner.probes[-1].ask, trouble="It cannot be shown."))
        await user.sees("It cannot be shown.")


@pytest.mark.parametrize(
    ("key", "told"),
    [
        ("b", "baseline has no BatchNorm: + BatchNorm is selected, which has one."),
        ("u", "baseline has no sub-networks: + dropout is selected, which has some."),
    ],
)
async def test_where_the_selected_arm_lacks_what_is_looked_at_the_first_that_has_it_is_selected(
    explore, key: str, told: str
) -> None:
    async with explore() as user:
        await user.press(key)
        assert user.toasts == told and user.app.view.arm in told
        assert user.runner.probes[-1].spec.arm == user.app.view.arm
        await user.press("escape", key)
        assert user.toasts == told, "it is said once"


async def test_a_look_can_be_saved_as_a_picture(explore, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    async with explore() as user:
        for key in ("b", "u", "t", "a"):
            await user.press(key, "e")
            await user.until(lambda: any(tmp_path.glob("*.svg")), "a picture")
            for picture in tmp_path.glob("*.svg"):
                picture.unlink()
            await user.press("escape")


async def test_the_layer_is_the_one_of_the_chart(explore) -> None:
    async with explore() as user:
        await user.press("j", "j", "b")
        layers = [LAYER, msgspec.structs.replace(LAYER, name="conv2.norm")]
        user.runner.deliver(truth(user.runner.probes[-1].ask, layers=layers))
        await user.sees("▸ conv1")
        await user.press("l")
        await user.sees("▸ conv2")
        assert user.app.view.layer == 1
        row = next(y for y, text in enumerate(user.text.split("\n")) if "  conv1 " in text)
        await user.pilot.click(offset=(10, row))
        await user.sees("▸ conv1")


async def test_weights_that_no_worker_has_kept_are_not_taken_for_those_of_the_run(explore) -> None:
    async with explore() as user:
        await user.press("b")
        user.runner.deliver(truth(user.runner.probes[-1].ask, weights="initial", step=0))
        await user.sees("weights that a run begins with")
        assert "No worker holds" not in user.text
        await user.press("escape", "space")
        play_until(user, "+ BatchNorm")
        user.runner.deliver(Checkpoint(run=user.runner.present.run, step=50, path="/x"))
        user.runner.play()
        await user.press("b")
        assert user.runner.probes[-1].run
        user.runner.deliver(truth(user.runner.probes[-1].ask, weights="initial", step=0))
        await user.sees(UNKEPT.split(",")[0])


def modes(user) -> list[tuple[object, ...]]:
    """The switches of mode that the runner was told; a timer warms it meanwhile."""
    return [told for told in user.runner.told if told[0] == "mode"]


async def test_switching_the_mode_asks_twice_for_a_preset_arm_and_marks_the_charts(explore) -> None:
    async with explore() as user:
        await user.press("j", "space", "T")
        assert "No run of + dropout trains" in user.toasts
        user.runner.play(9)
        await user.press("k", "T")
        assert "Press T again" in user.toasts and not modes(user)
        await user.press("T")
        run = user.runner.present.run
        assert modes(user)[-1] == ("mode", run, "eval")
        await user.sees("in eval()")
        await user.until(lambda: "mode eval" in user.text, "the mark in the charts")
        assert user.app.view.session.runs[run].is_steered
        await user.press("t")
        await user.sees("its run trains in eval()")
        await user.press("T")
        assert modes(user)[-1] == ("mode", run, "train")
        await user.sees("its run trains in train()")


async def test_the_help_of_a_look_comes_first(explore) -> None:
    async with explore() as user:
        for key, title in (("b", "BatchNorm laid open"), ("u", "Sub-networks")):
            await user.press(key, "question_mark")
            await user.sees(f"{title} ─")
            await user.press("escape", "escape")


async def test_a_look_stands_in_the_middle_however_much_it_shows(explore) -> None:
    async with explore() as user:
        for key in ("t", "b"):
            await user.press("j", key)
            if key == "b":
                user.runner.deliver(truth(user.runner.probes[-1].ask))
                await user.sees("Furthest from the truth")
            dialog = user.app.screen.query_one(".dialog").region
            assert abs(dialog.y - (40 - dialog.bottom)) <= 1 and abs(dialog.x - (120 - dialog.right)) <= 1
            await user.press("escape")
