"""The picture of a study: whose curves it has, and how one gets from it to the other looks inside."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec
import pytest
from ui_fakes import FakeRunner

from regtui.catalog import STUDIES
from regtui.events import Started, Studied, StudyCurve
from regtui.scenario import Scenario
from regtui.session import Session
from regtui.ui.figures import inside_figure
from regtui.ui.racing import Race
from regtui.ui.text import plain
from regtui.ui.view import View


def viewed(ladder: Scenario, study: str, *arms: str, own: Sequence[str] = ("",), value: float = 4.25) -> View:
    """The ladder with a study, whose curves these arms have; `own` are the names of those that are no reference."""
    asked = tuple(msgspec.structs.replace(arm, studies=(study,)) for arm in ladder.arms)
    race = Race(Session(msgspec.structs.replace(ladder, arms=asked)), FakeRunner(lambda _: None))
    requests = race.session.request([arm.name for arm in ladder.arms], [0])
    for request in requests:
        if request.spec.arm in arms:
            race.session.take(Started(run=request.run, device="cpu", device_label="", threads=1, precision="fp32",
                                      parameters=1, total_steps=10, steps_per_epoch=5, train_samples=1,
                                      clean_samples=1))  # fmt: skip
            curves = [*(StudyCurve(x=[1, 2, 8], y=[1.0, 2.0, 3.0], name=name) for name in own),
                      StudyCurve(x=[1, 8], y=[2.0, 2.0], name="law", is_reference=True)]  # fmt: skip
            values = {metric.name: value for metric in STUDIES[study].metrics}
            race.session.take(Studied(run=request.run, step=10, study=study, values=values, curves=curves))
    return View(race, ladder.arms[0].name)


def test_arms_share_a_picture_with_what_the_selected_one_is_compared_with(ladder: Scenario) -> None:
    chart = inside_figure(viewed(ladder, "weights", "baseline", "+ dropout")).chart
    assert [one.name for one in chart.series] == ["+ dropout", "law", "baseline"]
    assert chart.series[1].stroke == "dashed"


def test_arms_that_cannot_share_one_are_shown_one_at_a_time(ladder: Scenario) -> None:
    view = viewed(ladder, "mode_switch", "baseline", "+ dropout")
    assert [one.name for one in inside_figure(view).chart.series] == ["law", "baseline"]
    view.arm = "+ dropout"
    assert [one.name for one in inside_figure(view).chart.series] == ["law", "+ dropout"]


def test_several_curves_an_arm_are_named_once_and_the_other_arms_by_themselves(ladder: Scenario) -> None:
    view = viewed(ladder, "padding", "baseline", "+ dropout", own=("other mates", "more padding"))
    named = [one.name for one in inside_figure(view).chart.series if one.label_end]
    assert named == ["+ dropout", "law", "other mates", "more padding"]


def test_the_title_has_the_number_of_the_selected_arm(ladder: Scenario) -> None:
    view = viewed(ladder, "weights", "baseline")
    assert "norm 4.25" in plain(inside_figure(view).title)
    view = viewed(ladder, "weights", "baseline", value=math.nan)
    assert plain(inside_figure(view).title).startswith("Size of the weights ● 1/"), (
        "what an arm does not have is not told"
    )


def test_an_x_that_doubles_stands_at_equal_distances(ladder: Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
    doubling = msgspec.structs.replace(STUDIES["weights"], log_x=True)
    monkeypatch.setattr("regtui.ui.figures.study.STUDIES", {**STUDIES, "weights": doubling})
    chart = inside_figure(viewed(ladder, "weights", "baseline")).chart
    assert list(chart.categories or ()) == ["1", "2", "8"]
    assert [list(one.x) for one in chart.series] == [[0, 2], [0, 1, 2]]


def test_before_it_is_made_the_picture_says_when_it_will_be(ladder: Scenario) -> None:
    assert "at the end of each run" in inside_figure(viewed(ladder, "weights")).chart.empty_text


def test_looks_follow_each_other_and_come_back_to_the_study(ladder: Scenario) -> None:
    view = viewed(ladder, "weights", "baseline")
    titles = []
    for view.inside in range(8):
        titles.append(plain(inside_figure(view).title).partition(f" {view.inside % 7 + 1}/")[0].split("  ")[0])
    assert titles[1:7] == ["Activations", "Dead units", "Gradients", "Weights", "Drift", "Histogram"]
    assert titles[0] == titles[7] and titles[0].startswith("Size of the weights")


def test_of_several_curves_of_an_arm_the_earlier_ones_stand_back(ladder: Scenario) -> None:
    view = viewed(ladder, "mode_switch", "baseline")
    run = view.session.current["baseline", 0]
    both = [StudyCurve(x=[1, 2], y=[1.0, 2.0], name="start"), StudyCurve(x=[1, 2], y=[2.0, 3.0], name="end")]
    run.apply(msgspec.structs.replace(run.studies["mode_switch"], curves=both))
    start, end = inside_figure(view).chart.series
    assert (start.name, start.dim, start.stroke) == ("start", True, "solid")
    assert (end.name, end.dim, end.stroke) == ("end", False, view.sign("baseline"))
