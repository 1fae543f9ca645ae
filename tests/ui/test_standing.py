"""That what the rows, titles and sentences say of an arm is one thing, and true."""

from __future__ import annotations

import msgspec
import pytest
from ui_fakes import FakeRunner
from ui_streams import stream

from regtui.commands import RunRequest
from regtui.events import Diverged, Evaluated, Marker, Measured, Started, Steps
from regtui.runner import Lost
from regtui.scenario import Scenario
from regtui.session import Session
from regtui.spec import RunSpec
from regtui.store import RunHistory
from regtui.ui.figures import accuracy_figure, inside_figure, loss_figure
from regtui.ui.panes.arms import arms_lines
from regtui.ui.panes.header import Pace, header_line, steps_ahead, steps_done, steps_planned
from regtui.ui.panes.lesson import lesson_lines
from regtui.ui.panes.observed import is_guessing, observation, overfitting, redrawn_labels, steering, troubles
from regtui.ui.racing import Race
from regtui.ui.standing import Standing, standing
from regtui.ui.text import plain
from regtui.ui.view import View


@pytest.fixture
def view(ladder: Scenario) -> View:
    return View(Race(Session(ladder), FakeRunner(lambda _: None)), "baseline")


def ask(view: View, arm: str, seed: int) -> RunRequest:
    (request,) = view.session.request([arm], [seed])
    return request


def play(view: View, request: RunRequest, events: int = 1_000_000, gap: float | None = None) -> None:
    """The first so many events of a run."""
    for event, _ in zip(stream(request.run, request.spec, gap=gap), range(events), strict=False):
        view.session.take(event)


def steer(view: View, request: RunRequest) -> None:
    view.session.take(Marker(run=request.run, step=10, kind="set", key="train.lr", value=0.1))


def row(view: View, arm: str) -> str:
    return next(text for line in arms_lines(view, 60) if f" {arm} " in (text := plain(line)))


def measured(view: View, test: list[float], train: list[float], gaps: list[float], true: float | None = None) -> str:
    """What is said of a run with these losses and gaps."""
    request = ask(view, "baseline", 0)
    run = RunHistory(request.run, request.spec)
    for i, (test_loss, train_loss, gap) in enumerate(zip(test, train, gaps, strict=True), 1):
        run.apply(Evaluated(
            run=run.run, step=10 * i, epoch=2 * i, seconds=i, train=Measured(loss=train_loss, accuracy=90.0),
            test=Measured(loss=test_loss, accuracy=90.0 - gap),
            true_train=None if true is None else Measured(loss=1, accuracy=true),
        ))  # fmt: skip
    return overfitting("baseline", run)


FALLING = [2.0, 1.0, 0.5, 0.2, 0.1]
RISING = [2.1, 1.72, 2.5, 4.0, 8.1]


def test_memorizing_is_said_with_the_figures_that_show_it(view: View) -> None:
    said = measured(view, RISING, FALLING, [1, 2, 10, 20, 30])
    assert said == (
        "baseline memorizes its training set: test loss 1.72 at epoch 4, 8.10 now; "
        "clean train loss 1.00 then, 0.10 now."
    )
    assert len(said) <= 2 * 63, "two lines of the lesson at 70 columns"


def test_a_negative_gap_is_never_called_memorizing(view: View) -> None:
    assert measured(view, RISING, FALLING, [-20, -15, -12, -9, -6]) == ""


def test_without_a_grown_gap_or_a_fallen_train_loss_nothing_is_memorized(view: View) -> None:
    assert measured(view, RISING, FALLING, [1, 30, 20, 20, 20]) == ""
    assert measured(view, RISING, [1.0, 1.0, 1.5, 2.0, 3.0], [1, 2, 10, 20, 30]) == ""


def test_under_label_noise_the_redrawn_labels_are_named_once_they_are_fitted(view: View) -> None:
    gaps = [1.0, 2.0, 10.0, 20.0, 30.0]
    assert "including the redrawn labels" in measured(view, RISING, FALLING, gaps, true=64.0)
    assert "redrawn" not in measured(view, RISING, FALLING, gaps, true=99.0)


def test_title_row_and_sentence_have_the_same_gap_while_another_seed_trains(view: View) -> None:
    for arm in ("baseline", "+ dropout"):
        play(view, ask(view, arm, 0))
    play(view, ask(view, "baseline", 1), 12)
    assert "gap 40.0" in plain(accuracy_figure(view).title)
    assert " 40.0" in row(view, "baseline")
    view.arm = "+ BatchNorm"
    assert "baseline, 40.0 points" in observation(view)


def test_gaps_of_runs_cut_short_are_not_compared_with_final_ones(view: View) -> None:
    for arm in ("baseline", "+ dropout"):
        play(view, ask(view, arm, 0))
    play(view, ask(view, "+ BatchNorm", 0), 9)
    view.arm = "+ BatchNorm"
    assert "narrowest: + dropout" in observation(view)


def test_title_and_row_agree_while_no_seed_is_done(view: View) -> None:
    for seed, events in ((0, 15), (1, 9)):
        play(view, ask(view, "baseline", seed), events)
    stands = standing(view.session.of_arm("baseline"))
    assert stands is not None and stands.half_width is None, "an interval over live runs at two epochs says nothing"
    assert f"gap {stands.gap:.1f}" in plain(accuracy_figure(view).title)
    assert f" {stands.gap:.1f}" in row(view, "baseline")


def test_steered_seeds_are_marked_and_have_no_interval(view: View) -> None:
    for seed in (0, 1):
        request = ask(view, "baseline", seed)
        steer(view, request)
        play(view, request, gap=float(-seed))
    assert "~-0.5    –" in row(view, "baseline")
    assert "baseline was steered" in observation(view)


def test_steered_seeds_are_never_averaged_with_others(view: View) -> None:
    requests = [ask(view, "baseline", seed) for seed in range(3)]
    steer(view, requests[2])
    for request, gap in zip(requests, (-4, -2, 90), strict=True):
        play(view, request, gap=gap)
    assert " -3.0" in row(view, "baseline") and "~" not in row(view, "baseline")
    assert "gap -3.0" in plain(accuracy_figure(view).title)
    assert steering(view) == "Steered: seed 2 of baseline, dotted (~), left out of its row and the verdicts."


@pytest.mark.parametrize("live", [True, False])
def test_a_steered_seed_beside_others_has_a_dotted_curve_of_its_own(view: View, live: bool) -> None:
    requests = [ask(view, "baseline", seed) for seed in range(3)]
    for request in requests[:2]:
        play(view, request, gap=20.0)
    steer(view, requests[2])
    play(view, requests[2], 12 if live else 1_000_000, gap=60.0)
    run = view.session.current["baseline", 2]
    assert run.is_live == live
    for figure, read in ((accuracy_figure, lambda e: e.test.accuracy), (loss_figure, lambda e: e.test.loss)):
        chart = figure(view).chart
        (dotted,) = (one for one in chart.series if one.stroke == "dotted")
        assert dotted.name == "~baseline" and list(dotted.y) == [read(event) for event in run.evaluations]
        (mark,) = chart.marks
        assert mark.x == 10 / run.steps_per_epoch
        mean = next(one for one in chart.series if one.stroke == view.sign("baseline"))
        unsteered = view.session.current["baseline", 0].evaluations
        assert list(mean.y) == pytest.approx([read(event) for event in unsteered])


def test_an_unsteered_seed_that_trains_beside_a_steered_one_is_drawn_too(view: View) -> None:
    requests = [ask(view, "baseline", seed) for seed in range(2)]
    steer(view, requests[0])
    play(view, requests[0])
    play(view, requests[1], 12)
    (dotted,) = (one for one in accuracy_figure(view).chart.series if one.stroke == "dotted")
    assert dotted.name == "baseline"


def test_activations_are_compared_between_runs_of_one_seed(view: View) -> None:
    for arm in ("baseline", "+ dropout"):
        play(view, ask(view, arm, 0))
    play(view, ask(view, "baseline", 1), 6)
    figure = inside_figure(view)
    latest = view.session.current["baseline", 0].insides[-1]
    shown = next(one for one in figure.chart.series if one.name == "baseline")
    assert shown.y == [layer.std for layer in latest.layers]
    assert "epoch 10" in plain(figure.title)
    play(view, ask(view, "+ BatchNorm", 0), 6)
    assert "latest" in plain(inside_figure(view).title)


def test_a_lost_run_says_why_until_it_is_asked_for_again(view: View) -> None:
    request, other = ask(view, "baseline", 0), ask(view, "+ dropout", 0)
    play(view, request, 8)
    view.session.take(Lost(0, (request.run,), "The worker was killed."))
    play(view, other, 3)
    assert any(said.startswith("baseline: The worker was killed.") and "space" in said for said in troubles(view))
    assert row(view, "baseline").startswith("● ! baseline") and "/" in row(view, "baseline")
    ask(view, "baseline", 0)
    assert not [said for said in troubles(view) if said.startswith("baseline")]


def test_a_diverged_arm_says_what_helps(view: View) -> None:
    for arm in view.session.arms:
        request = ask(view, arm.name, 0)
        play(view, request, 1)
        view.session.take(Diverged(run=request.run, step=2, layer="head", value=float("nan")))
    shown = " ".join(plain(row).strip() for row in lesson_lines(view, 70))
    assert "● diverged: the loss is no longer finite, first at step 2, layer head. Try a lower" in " ".join(
        shown.split()
    )
    (other,) = troubles(view)
    assert other == "+ dropout: diverged at step 2 (first in layer head): a lower learning rate usually helps"
    assert "diverged before\nthe first evaluation" in accuracy_figure(view).chart.empty_text
    assert "diverged" in row(view, "baseline")


def test_under_label_noise_the_lesson_shows_the_accuracy_against_the_true_labels(view: View) -> None:
    session = view.session
    session.arms = [
        msgspec.structs.replace(arm, data=msgspec.structs.replace(arm.data, label_noise=0.4)) for arm in session.arms
    ]
    request = ask(view, "baseline", 0)
    play(view, request)
    last = session.current["baseline", 0].last
    assert last is not None
    session.take(msgspec.structs.replace(last, true_train=Measured(loss=1, accuracy=64.3)))
    assert redrawn_labels(view).endswith("40% of them redrawn; against the true labels baseline has 64.3 %.")
    assert any("Labels " in plain(line) for line in lesson_lines(view, 70))


def test_only_live_and_finished_runs_count_for_the_progress(view: View) -> None:
    runs = {seed: ask(view, "baseline", seed) for seed in range(4)}
    play(view, runs[0])
    play(view, runs[1], 3)
    view.session.take(Lost(0, (runs[1].run,), "The worker was killed."))
    total = runs[0].spec.total_steps
    histories = list(view.session.current.values())
    assert (steps_done(histories), steps_planned(histories)) == (total, 3 * total)


@pytest.mark.parametrize(
    ("data", "unit"), [("fashion-mnist", "img/s"), ("wordnet", "texts/s"), ("theirs", "samples/s")]
)
def test_the_rate_is_told_in_what_is_trained_on(view: View, data: str, unit: str) -> None:
    view.session.arms = [
        msgspec.structs.replace(arm, data=msgspec.structs.replace(arm.data, name=data)) for arm in view.session.arms
    ]
    request = ask(view, "baseline", 0)
    play(view, request, 1)
    view.session.take(Steps(run=request.run, loss=[], accuracy=[], step=4, seconds=1.0, samples_per_s=800.0, lr=0.1))
    view.heard = view.clock()
    assert f"800 {unit}" in plain(header_line(view, 120, Pace()))


def test_the_steps_ahead_are_those_until_the_last_of_the_racing_runs_ends(view: View) -> None:
    requests = [ask(view, arm.name, 0) for arm in view.session.arms]
    for request in requests[:2]:
        view.session.take(next(e for e in stream(request.run, request.spec) if isinstance(e, Started)))
    total = requests[0].spec.total_steps
    # Three equal runs on two workers take as long as four.
    assert steps_ahead(list(view.session.current.values())) == 4 * total


def test_an_arm_that_knows_no_more_than_chance_is_said_to_guess() -> None:
    started = Started(run="r", device="cpu", device_label="", threads=1, precision="fp32", parameters=1, total_steps=1,
                      steps_per_epoch=1, train_samples=1, clean_samples=1, classes=list("abcdefghij"))  # fmt: skip
    run = RunHistory("r", RunSpec(scenario="s", arm="a", seed=0))
    run.apply(started)

    def stands(train: float, *, is_final: bool = True) -> Standing:
        return Standing(train, 10.0, 0.0, None, None, False, is_final)

    assert is_guessing(stands(12.0), run)
    assert not is_guessing(stands(14.0), run)
    assert not is_guessing(stands(12.0, is_final=False), run)  # it may still learn
