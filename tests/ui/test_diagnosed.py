"""What the lesson says of the selected arm once it has ended, and of trouble inside its network."""

from __future__ import annotations

import re

import pytest
from ui_fakes import FakeRunner
from ui_streams import stream

from regtui.diagnosis import diagnose_runs
from regtui.events import Marker, Trouble
from regtui.scenario import Scenario
from regtui.session import Session
from regtui.ui.panes.lesson import lesson_lines
from regtui.ui.racing import Race
from regtui.ui.text import plain, width
from regtui.ui.view import View


@pytest.fixture
def view(ladder: Scenario) -> View:
    return View(Race(Session(ladder), FakeRunner(lambda _: None)), "baseline")


def play(view: View, arm: str, seed: int, events: int = 1_000_000, gap: float | None = None) -> str:
    (request,) = view.session.request([arm], [seed])
    for event, _ in zip(stream(request.run, request.spec, gap=gap), range(events), strict=False):
        view.session.take(event)
    return request.run


def said(view: View, room: int = 62) -> str:
    rows = lesson_lines(view, room)
    assert all(width(row) <= room for row in rows)
    return re.sub(r"\s+", " ", " ".join(map(plain, rows)))


def test_the_verdict_on_the_selected_arm_stands_behind_its_sign(view: View) -> None:
    for arm in ("baseline", "+ dropout"):
        play(view, arm, 0)
    found = diagnose_runs(view.selected, view.session.of_arm("baseline").values())
    assert found is not None
    assert f"● {found.sentence}" in said(view)
    assert "100.0 % train, 60.0 % test, gap 40.0" in said(view) and "Try Random crop or Dropout." in said(view)
    view.arm = "+ dropout"
    assert "▲ overfitting" in said(view) and "or Dropout." not in said(view), "it has dropout already"


def test_it_takes_the_place_of_the_observation_so_that_the_claims_stay_in_sight(view: View) -> None:
    play(view, "baseline", 0, 12)
    assert "Now " in said(view) or "Watch " in said(view)
    play(view, "baseline", 0)
    assert "memorizes" not in said(view) and "Watch" not in said(view)
    assert len(lesson_lines(view, 62)) <= 9, "what the pane has at 120 x 40, the next step aside"


def test_several_seeds_are_one_verdict_with_their_mean(view: View) -> None:
    for seed, gap in enumerate((10.0, 20.0)):
        play(view, "baseline", seed, gap=gap)
    assert "gap 15.0" in said(view)


def test_a_steered_seed_has_no_part_in_the_verdict_and_is_named(view: View) -> None:
    play(view, "baseline", 0, gap=2.0)
    run = play(view, "baseline", 1, gap=90.0)
    view.session.take(Marker(run=run, step=10, kind="set", key="train.lr", value=0.1))
    assert "● fine" in said(view) and "Steered: seed 1 of baseline" in said(view)


def test_trouble_that_lasts_is_told_once_a_kind_with_step_and_layer(view: View) -> None:
    run = play(view, "baseline", 0, 12)
    for layer in ("conv1", "conv2"):
        view.session.take(Trouble(run=run, step=20, kind="vanishing", layer=layer, value=1e-6))
    view.session.take(Trouble(run=run, step=25, kind="dying", layer="conv3", value=0.625))
    assert (
        "Inside gradients vanish in 2 layers, first conv1 at step 20 (1e-06 of the largest); "
        "units die in conv3 at step 25 (62 % are 0)."
    ) in said(view)
    view.session.take(Trouble(run=run, step=30, kind="dying", layer="conv3", value=0.1, over=True))
    assert "conv3" not in said(view) and "Inside gradients vanish" in said(view)
    view.arm = "+ dropout"
    assert "Inside" not in said(view), "that is another arm's network"
