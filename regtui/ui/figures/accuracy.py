"""Accuracy over epochs: clean train against test, and the gap of the selected arm as an area."""

from __future__ import annotations

from regtui.events import Evaluated
from regtui.ui.charts import Area, Chart, Series
from regtui.ui.figures.figure import Figure, curves_apart, epochs, marks, selected_last, version, waiting_text
from regtui.ui.figures.ghost import ghosted
from regtui.ui.figures.over_seeds import over_seeds
from regtui.ui.standing import drawn, standing
from regtui.ui.text import MUTED, line
from regtui.ui.view import View

ABOUT = "how many are right:\nof the training samples,\nof unseen ones"


@ghosted(lambda event: event.test.accuracy if event.test else None, after=3)
def accuracy_figure(view: View) -> Figure:
    """Test accuracy solid with the arm's sign, clean train accuracy dashed and dim in the same hue."""
    series: list[Series] = []
    areas: list[Area] = []
    has_gap = any(run.evaluations for run in view.session.of_arm(view.selected.name).values())
    for arm in selected_last(view):
        color = view.color(arm.name)
        runs = drawn(view.session.of_arm(arm.name))
        train = over_seeds(runs, train_accuracy)
        test = over_seeds(runs, test_accuracy)
        if train.x:
            is_spare = has_gap and arm.name != view.selected.name
            dashed = Series(arm.name, train.x, train.mean, color, "dashed", dim=True, label_end=False, spare=is_spare)
            series.append(dashed)
        if test.x:
            series.append(Series(arm.name, test.x, test.mean, color, view.looks.of(arm.name).sign))
        series += curves_apart(view, arm.name, test_accuracy)
        if arm.name == view.selected.name and train.x == test.x and test.x:
            areas.append(Area(test.x, test.mean, train.mean, color))
        elif test.seeds > 1:
            areas.append(Area(test.x, test.low, test.high, color, quiet=True))
    chart = Chart(
        series=series, areas=areas, marks=marks(view), x_label="epoch", x_limits=epochs(view),
        y_limits=(_floor(series), 100.0), y_unit="%", empty_text=waiting_text(view, ABOUT),
    )  # fmt: skip
    part = "val" if view.session.course == "validation" else "test"
    # What is drawn, before its number: that stands in the row of the arm as well.
    title = line(("Accuracy", "bold"), (" ╌ train", MUTED), (f" ─ {part}", MUTED))
    selected = view.selected.name
    stands = standing(view.session.of_arm(selected))
    if stands is not None and stands.gap is not None:
        hue = view.color(selected)
        title = (*title, *line((f" {view.sign(selected)} gap", hue), (f" {stands.gap:.1f}", hue)))
    return Figure(title, chart, version(view), (view.session.scenario.id,))


def train_accuracy(event: Evaluated) -> float:
    """Percent."""
    return event.train.accuracy


def test_accuracy(event: Evaluated) -> float | None:
    """Percent."""
    return event.held_out.accuracy if event.held_out else None


def _floor(series: list[Series]) -> float:
    """0, or higher where that would leave more than half of the chart empty."""
    lowest = min((y for one in series for y in one.y), default=0.0)
    return max(0.0, lowest // 20 * 20) if lowest > 40 else 0.0
