"""What the charts are made of, without a screen."""

from __future__ import annotations

import math
from dataclasses import replace

import msgspec
import pytest
from ui_fakes import FakeRunner
from ui_streams import stream

from regtui.events import Bucket, Marker, Started
from regtui.scenario import Scenario
from regtui.session import Session
from regtui.store import RunHistory
from regtui.ui.charts import GLYPHS, Chart, draw
from regtui.ui.figures import accuracy_figure, inside_figure, loss_figure, norms_figure
from regtui.ui.figures.loss import BINS, binned
from regtui.ui.palette import Looks
from regtui.ui.panes.pane import title_line
from regtui.ui.racing import Race
from regtui.ui.text import plain
from regtui.ui.view import View


@pytest.fixture
def view(ladder: Scenario) -> View:
    """All arms finished with seeds 0 and 1; their gaps are those of the stream plus the seed."""
    race = Race(Session(ladder), FakeRunner(lambda _: None))
    for request in race.session.request([arm.name for arm in ladder.arms], [0, 1]):
        for event in stream(request.run, request.spec):
            race.session.take(event)
    return View(race, "baseline")


def test_accuracy_has_a_solid_test_and_a_dashed_dim_train_curve_an_arm_in_one_hue(view: View) -> None:
    chart = accuracy_figure(view).chart
    for arm in view.session.arms:
        train, test = (one for one in chart.series if one.name == arm.name)
        assert (train.stroke, train.dim, train.label_end) == ("dashed", True, False)
        assert test.stroke == view.sign(arm.name) and not test.dim
        assert train.color == test.color


def test_the_selected_arm_lies_on_top_and_no_sign_moves_for_it(view: View) -> None:
    signs = []
    for arm in view.session.arms:
        view.arm = arm.name
        for figure in (accuracy_figure, loss_figure, inside_figure):
            assert figure(view).chart.series[-1].name == arm.name
        spread = [replace(one, y=[25.0 * i] * len(one.y)) for i, one in enumerate(sorted(
            (one for one in accuracy_figure(view).chart.series if not one.dim), key=lambda one: one.name))]  # fmt: skip
        order = [one for one in spread if one.name != arm.name] + [one for one in spread if one.name == arm.name]
        chart = Chart(order, x_limits=(0, 10), y_limits=(0, 100))
        drawn = [strip.text for strip in draw(chart, 70, 11)]
        signs.append({(x, y) for y, row in enumerate(drawn) for x, cell in enumerate(row) if cell in GLYPHS})
    assert signs[0] == signs[1] == signs[2] and len(signs[0]) > 3


@pytest.mark.parametrize(("room", "says"), [
    (24, "─ Accuracy ╌ train ─"), (34, "─ Accuracy ╌ train ─ test ● gap ─"), (43, "╌ train ─ test ● gap 40.5 ─"),
])  # fmt: skip
def test_the_title_of_the_accuracy_says_what_is_drawn_as_far_as_there_is_room(view: View, room: int, says: str) -> None:
    assert says in plain(title_line(accuracy_figure(view).title, room, focused=False))


def test_at_120_columns_the_other_titles_say_what_is_drawn_too(view: View) -> None:
    found = [plain(title_line(figure(view).title, 34, focused=False)) for figure in (loss_figure, inside_figure)]
    assert found == ["─ Loss ─ test · training batches ─", "─ Activations  std 1/6  epoch 10 ─"]


def test_train_curves_of_other_arms_are_spare_while_the_selected_one_has_its_own(view: View) -> None:
    def spare() -> set[str]:
        return {one.name for one in accuracy_figure(view).chart.series if one.spare}

    assert spare() == {"+ dropout", "+ BatchNorm"}
    view.session.current = {key: run for key, run in view.session.current.items() if key[0] != "baseline"}
    assert not spare(), "there is no gap to look at instead"


def test_the_gap_of_the_selected_arm_is_the_shaded_area(view: View) -> None:
    figure = accuracy_figure(view)
    area = next(area for area in figure.chart.areas if area.color == view.color("baseline"))
    assert area.high[-1] - area.low[-1] == pytest.approx(40.5)  # 40 with seed 0, 41 with seed 1
    assert "gap 40.5" in plain(figure.title)


def test_other_arms_are_shaded_from_the_lowest_to_the_highest_seed(view: View) -> None:
    areas = accuracy_figure(view).chart.areas
    area = next(area for area in areas if area.color == view.color("+ dropout"))
    assert area.high[-1] - area.low[-1] == pytest.approx(1.0)
    assert [area.quiet for area in areas] == [True, True, False], "the gap is what the chart is about, and lies on top"


def test_curves_start_and_end_in_epochs(view: View) -> None:
    chart = accuracy_figure(view).chart
    assert chart.x_limits == (0.0, 10.0)
    assert chart.series[0].x[-1] == 10.0


def test_loss_holds_test_curves_and_binned_batches(view: View) -> None:
    solid = [one for one in loss_figure(view).chart.series if not one.dim]
    dim = [one for one in loss_figure(view).chart.series if one.dim]
    assert len(solid) == len(dim) == 3
    assert all(len(one.x) <= BINS for one in dim)


def test_the_loss_axis_does_not_follow_a_single_spike(view: View) -> None:
    run = view.session.current["baseline", 0]
    before = loss_figure(view).chart.y_limits
    run.loss.add(Bucket(51, 1, 500.0, 500.0, 500.0))
    assert loss_figure(view).chart.y_limits == before


def test_bins_are_exact_means_and_a_nan_is_a_gap(ladder: Scenario) -> None:
    race = Race(Session(ladder), FakeRunner(lambda _: None))
    (request,) = race.session.request(["baseline"], [0])
    run = RunHistory(request.run, request.spec)
    steps = BINS * 10
    run.apply(Started(run=run.run, device="cpu", device_label="", threads=1, precision="fp32", parameters=1,
                      total_steps=steps, steps_per_epoch=10, train_samples=1, clean_samples=1))  # fmt: skip
    for step in range(1, 31):
        value = math.nan if 11 <= step <= 20 else float(step)
        run.loss.add(Bucket(step, 1, value, value, value))
    _, y = binned(run, run.loss)
    assert y[0] == pytest.approx(5.5) and math.isnan(y[1]) and y[2] == pytest.approx(25.5)


def test_norms_are_those_of_the_selected_arm_and_the_chosen_layer(view: View) -> None:
    view.arm = "+ BatchNorm"
    figure = norms_figure(view)
    assert [one.name for one in figure.chart.series] == ["batch", "whole set", "running"]  # the last one lies on top
    assert len({one.stroke for one in figure.chart.series}) == 3
    first = figure.chart.series[1].y[-1]
    view.layer = 1
    assert norms_figure(view).chart.series[1].y[-1] == pytest.approx(2 * first)
    assert "conv2 variance" in plain(norms_figure(view).title)
    view.layer = 6
    assert "conv1" in plain(norms_figure(view).title)


def test_batches_of_one_picture_are_told_to_have_instance_statistics(view: View) -> None:
    view.arm = "+ BatchNorm"
    assert "instance" not in plain(norms_figure(view).title)
    arms = view.session.arms
    train = msgspec.structs.replace(arms[2].train, batch_size=1)
    view.session.arms = [*arms[:2], msgspec.structs.replace(arms[2], train=train)]
    assert "conv1 instance variance" in plain(norms_figure(view).title)


def test_for_an_arm_without_norms_those_of_the_first_arm_with_one_are_shown_by_name(view: View) -> None:
    figure = norms_figure(view)
    assert figure.chart.series
    assert plain(figure.title).startswith("BatchNorm ■ conv1 variance 1/") and "  + BatchNorm" in plain(figure.title)


def test_without_any_norm_its_place_is_taken_by_the_gradients_of_the_layers(view: View) -> None:
    view.session.arms = view.session.arms[:2]
    figure = norms_figure(view)
    assert plain(figure.title).startswith("Gradients") and "no norm in any arm" in plain(figure.title)
    assert [one.name for one in figure.chart.series] == ["+ dropout", "baseline"]


def test_inside_has_a_curve_an_arm_over_the_layers(view: View) -> None:
    chart = inside_figure(view).chart
    assert list(chart.categories or ()) == ["conv1", "conv2", "conv3", "conv4", "conv5", "conv6"]
    assert {one.name for one in chart.series} == {arm.name for arm in view.session.arms}


def test_inside_is_logarithmic_where_layers_differ_by_much(view: View) -> None:
    assert not inside_figure(view).chart.log_y
    latest = view.session.current["baseline", 0].insides[-1]
    latest.layers[-1] = type(latest.layers[-1])(name="conv6", mean=0.0, std=1e-4)
    assert inside_figure(view).chart.log_y


def test_steering_leaves_a_mark_with_the_arm_s_sign(view: View) -> None:
    for run in view.session.of_arm("+ dropout").values():
        run.apply(Marker(run=run.run, step=25, kind="set", key="dropout@block.p", value=0.5))
    mark, _ = loss_figure(view).chart.marks
    assert mark.x == 5.0 and mark.text == "▲ p 0.5"


def test_the_same_data_has_the_same_version_and_new_data_another(view: View) -> None:
    before = loss_figure(view).version
    assert loss_figure(view).version == before
    view.session.current["baseline", 0].version += 1
    assert loss_figure(view).version != before


def test_an_arm_keeps_its_look_when_others_go() -> None:
    looks = Looks(["a", "b"])
    mine = looks.of("my stack")
    assert (mine.sign, mine.number) == ("■", 2)
    assert looks.of("another").number == 3 and looks.of("my stack") == mine
