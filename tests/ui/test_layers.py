"""A layer that is picked is followed over the epochs, by key and mouse, and nothing is in the way while none is."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from ui_fakes import FakeRunner
from ui_streams import LAYERS, stream

from regtui.events import HISTOGRAM_BINS, HISTOGRAM_EDGE, AnyRunEvent, Inside, LayerInside, Trouble
from regtui.scenario import Scenario
from regtui.session import Session
from regtui.ui.figures import inside_figure, norms_figure
from regtui.ui.figures.layers import LOOKS, layer_course
from regtui.ui.figures.spread import bars
from regtui.ui.picking import layer_stops, pick_layer, step_layer
from regtui.ui.racing import Race
from regtui.ui.text import plain
from regtui.ui.view import View

DRIFT = [look.title for look in LOOKS].index("Drift")
HISTOGRAM = len(LOOKS)


def looked_into(events: Iterator[AnyRunEvent]) -> Iterator[AnyRunEvent]:
    """The stream of an engine that measures drift and histograms: all values of a layer in one bin."""
    for event in events:
        if isinstance(event, Inside):
            layers = [
                msgspec.structs.replace(
                    layer,
                    drift=0.01 * event.step * (1 + i),
                    histogram=[0] * 16 + [10_000] + [0] * (HISTOGRAM_BINS - 17),
                )
                for i, layer in enumerate(event.layers)
            ]
            event = msgspec.structs.replace(event, layers=layers)
        yield event


def view_of(ladder: Scenario, *, old: bool = False) -> View:
    """All arms finished with seed 0."""
    race = Race(Session(ladder), FakeRunner(lambda _: None))
    for request in race.session.request([arm.name for arm in ladder.arms], [0]):
        events = stream(request.run, request.spec)
        for event in events if old else looked_into(events):
            race.session.take(event)
    return View(race, "+ BatchNorm")


@pytest.fixture
def view(ladder: Scenario) -> View:
    return view_of(ladder)


def test_nothing_is_picked_until_it_is_asked_for(view: View) -> None:
    chart = inside_figure(view).chart
    assert list(chart.categories or ()) == list(LAYERS)
    assert inside_figure(view).picks == LAYERS


def test_presses_go_through_all_layers_and_back_to_none(view: View) -> None:
    picked = []
    for _ in range(len(LAYERS) + 2):
        assert step_layer(view, 1) == ""
        picked.append(view.picked)
    assert picked == [*LAYERS, "", LAYERS[0]]
    step_layer(view, -1)
    step_layer(view, -1)
    assert view.picked == LAYERS[-1]


def test_a_picked_layer_is_named_in_both_charts_and_followed_over_the_epochs(view: View) -> None:
    pick_layer(view, "conv3")
    inside, norms = inside_figure(view), norms_figure(view)
    assert "conv3" in plain(inside.title) and "conv3 variance 3/6" in plain(norms.title)
    assert inside.chart.x_limits == (0.0, 10.0) and inside.chart.categories is None
    solid = [one for one in inside.chart.series if not one.dim]
    assert [one.name for one in solid] == [arm.name for arm in view.session.arms]
    run = view.session.current["baseline", 0]
    assert list(solid[0].y) == [event.layers[2].std for event in run.insides]
    assert list(solid[0].x) == [event.step / run.steps_per_epoch for event in run.insides]
    means = [one for one in inside.chart.series if one.dim]
    assert {y for one in means for y in one.y} == {0.1} and {one.stroke for one in means} == {"dashed"}


def test_drift_is_in_percent_of_the_first_weights_by_layer_and_over_time(view: View) -> None:
    view.inside = DRIFT
    step = view.session.current["baseline", 0].insides[-1].step
    assert list(inside_figure(view).chart.series[0].y) == pytest.approx([step * (1 + i) for i in range(len(LAYERS))])
    pick_layer(view, "conv2")
    assert list(inside_figure(view).chart.series[0].y)[-1] == pytest.approx(2 * step)


def test_the_histogram_has_the_area_one_and_the_bell_beside_it(view: View) -> None:
    view.inside = HISTOGRAM
    figure = inside_figure(view)
    assert plain(figure.title).startswith("Histogram  conv1 ■")
    arm, bell = figure.chart.series
    assert sum(y * 0.5 for y in list(arm.y)[1:-1:2]) == pytest.approx(1.0)
    assert max(bell.y) == pytest.approx(1 / math.sqrt(2 * math.pi))
    assert figure.chart.x_limits == (-HISTOGRAM_EDGE, HISTOGRAM_EDGE)
    pick_layer(view, "conv4")
    assert "Histogram  conv4" in plain(inside_figure(view).title)


def test_bars_stand_where_the_values_are() -> None:
    histogram = [100, 0] + [0] * (HISTOGRAM_BINS - 4) + [400, 9500]
    x, y = bars(LayerInside(name="conv1", mean=0.0, std=1.0, histogram=histogram))
    assert (x[0], x[-1], y[0], y[-1]) == (-HISTOGRAM_EDGE, HISTOGRAM_EDGE, 0.0, 0.0)
    assert y[1] == pytest.approx(0.02) and y[-2] == pytest.approx(1.98) and not any(y[3:-3])


def test_values_beyond_the_axis_are_told(view: View) -> None:
    view.inside = HISTOGRAM
    run = view.session.current["+ BatchNorm", 0]
    outer = [300] + [0] * (HISTOGRAM_BINS - 2) + [9700]
    layers = [msgspec.structs.replace(layer, histogram=outer) for layer in run.insides[-1].layers]
    run.apply(Inside(run=run.run, step=run.step, layers=layers))
    assert "100% beyond" in plain(inside_figure(view).title)


def test_a_record_from_before_is_shown_without_what_it_has_not(ladder: Scenario) -> None:
    view = view_of(ladder, old=True)
    view.inside = DRIFT
    assert "not in the record" in inside_figure(view).chart.empty_text
    pick_layer(view, "conv2")
    assert "not in the record" in inside_figure(view).chart.empty_text
    view.inside = HISTOGRAM
    assert not inside_figure(view).chart.series and "no histograms" in inside_figure(view).chart.empty_text
    view.inside = 0
    assert inside_figure(view).chart.series


def test_trouble_of_the_picked_layer_is_marked_in_its_course(view: View) -> None:
    run = view.session.current["+ BatchNorm", 0]
    for layer in ("conv2", "conv3"):
        run.apply(Trouble(run=run.run, step=25, kind="dying", layer=layer, value=0.6))
    pick_layer(view, "conv2")
    assert [(mark.x, mark.text) for mark in inside_figure(view).chart.marks] == [(5.0, "units die")]
    run.apply(Trouble(run=run.run, step=40, kind="dying", layer="conv2", value=0.1, over=True))
    assert not inside_figure(view).chart.marks


def test_norms_that_belong_to_no_layer_are_reached_too(view: View) -> None:
    """As in a transformer, whose norms stand before its branches."""
    run = view.session.current["+ BatchNorm", 0]
    layer = LayerInside(name="block1.up", mean=0.0, std=1.0)
    run.insides[-1] = msgspec.structs.replace(
        run.insides[-1], layers=[layer, msgspec.structs.replace(layer, name="block2.up")]
    )
    names = ["block1.attention.norm", "block1.up.norm", "block2.attention.norm", "final.norm"]
    norms = [msgspec.structs.replace(run.norms[-1].layers[0], name=name) for name in names]
    run.norms[-1] = msgspec.structs.replace(run.norms[-1], layers=norms)
    assert [stop.layer for stop in layer_stops(view)] == [
        "block1.attention", "block1.up", "block2.attention", "block2.up", "final",
    ]  # fmt: skip
    step_layer(view, 1)
    assert inside_figure(view).chart.categories, "no layer was measured there: all of them stay"
    step_layer(view, 1)
    assert "block1.up variance 2/4" in plain(norms_figure(view).title)


def test_a_layer_is_followed_where_probes_did_not_meet_all_layers(view: View) -> None:
    run = view.session.current["baseline", 0]
    run.insides[1] = msgspec.structs.replace(run.insides[1], layers=run.insides[1].layers[1:])
    run.insides[2] = msgspec.structs.replace(run.insides[2], layers=run.insides[2].layers[4:])
    found = layer_course(run, "conv3")
    assert {layer.name for _, layer in found} == {"conv3"} and len(found) == len(run.insides) - 1
    assert layer_course(run, "conv9") == []


def test_without_a_run_there_is_a_sentence_and_no_pick(ladder: Scenario) -> None:
    view = View(Race(Session(ladder), FakeRunner(lambda _: None)), "baseline")
    assert "press space" in step_layer(view, 1)
    assert view.picked == ""


async def test_keys_and_clicks_pick_a_layer_and_escape_leaves_it(explore: Any) -> None:
    async with explore() as user:
        await user.press("l")
        assert "Layers can be picked" in user.toasts
        await user.press("space")
        user.runner.play()
        await user.sees("Activations  std", "conv1  2 ── 3 ─ 4 ── 5 ── 6")
        await user.press("l", "l")
        await user.sees("Activations  conv2  std")
        await user.press("L")
        await user.sees("Activations  conv1  std")
        await user.press("escape")
        await user.until(lambda: "Activations  std" in user.text, "all layers again")
        chart = user.app.query_one("#inside ChartView")
        await user.until(lambda: chart.is_settled, "the chart drawn")
        await user.pilot.click(chart, offset=(chart.size.width // 2, chart.size.height // 2))
        await user.until(lambda: user.app.view.picked in ("conv3", "conv4"), "the layer in the middle")
        await user.sees(f"Activations  {user.app.view.picked}  std")
        await user.pilot.click(chart, offset=(5, 5))
        await user.until(lambda: user.app.view.picked == "", "all layers again")
