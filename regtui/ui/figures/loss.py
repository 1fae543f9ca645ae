"""Loss over epochs: the test loss of each arm, and beneath it the loss of the training batches."""

from __future__ import annotations

import math

from regtui.events import Evaluated
from regtui.store import Column, RunHistory
from regtui.ui.charts import Area, Chart, Series
from regtui.ui.charts.scale import round_step
from regtui.ui.figures.figure import Figure, curves_apart, epochs, marks, selected_last, version, waiting_text
from regtui.ui.figures.ghost import ghosted
from regtui.ui.figures.over_seeds import over_seeds
from regtui.ui.standing import drawn
from regtui.ui.text import MUTED, line
from regtui.ui.view import View

ABOUT = "how wrong, and how sure of it:\non unseen samples,\non training batches"

BINS = 60
"""Points of a batch-loss curve: single steps jump about so much that four arms of them hide everything else."""


@ghosted(lambda event: event.test.loss if event.test else None, after=2)
def loss_figure(view: View) -> Figure:
    """Test loss solid with the arm's sign; the mean loss of the training batches, a point for each bin, dim."""
    series: list[Series] = []
    areas: list[Area] = []
    for arm in selected_last(view):
        color = view.color(arm.name)
        runs = drawn(view.session.of_arm(arm.name))
        shown = view.shown_run(arm.name)
        if shown is not None and len(shown.loss):
            x, y = binned(shown, shown.loss)
            series.append(Series(arm.name, x, y, color, dim=True, label_end=False))
        test = over_seeds(runs, test_loss)
        if test.x:
            sign = view.looks.of(arm.name).sign
            series.append(Series(arm.name, test.x, test.mean, color, sign))
        series += curves_apart(view, arm.name, test_loss)
        if test.seeds > 1:
            areas.append(Area(test.x, test.low, test.high, color))
    chart = Chart(
        series=series, areas=areas, marks=marks(view), x_label="epoch", x_limits=epochs(view),
        y_limits=_limits(series), empty_text=waiting_text(view, ABOUT),
    )  # fmt: skip
    title = line(("Loss", "bold"), (f" ─ {view.session.course}", MUTED), (" · training batches", MUTED))
    return Figure(title, chart, version(view), (view.session.scenario.id,))


def test_loss(event: Evaluated) -> float | None:
    """Nats."""
    return event.held_out.loss if event.held_out else None


def binned(run: RunHistory, column: Column) -> tuple[list[float], list[float]]:
    """Epochs and exact means of at most `BINS` equal stretches of the run; a stretch with a NaN is a gap."""
    span = max(1.0, run.total_steps / BINS)
    sums: dict[int, tuple[float, int]] = {}
    for first, steps, mean in zip(column.steps, column.counts, column.means, strict=True):
        at = int((first - 1 + steps / 2) / span)
        total, count = sums.get(at, (0.0, 0))
        sums[at] = total + mean * steps, count + steps
    x = [min((at + 0.5) * span, run.step) / run.steps_per_epoch for at in sums]
    y = [total / count if math.isfinite(total) else math.nan for total, count in sums.values()]
    return x, y


def _limits(series: list[Series]) -> tuple[float, float] | None:
    """From 0 to above the worst test loss and nearly all batch losses; what lies higher is cut, not followed."""
    test = [y for one in series if not one.dim for y in one.y if math.isfinite(y)]
    batches = sorted(y for one in series if one.dim for y in one.y if math.isfinite(y))
    if not test and not batches:
        return None
    top = max(max(test, default=0.0), batches[int(0.98 * (len(batches) - 1))] if batches else 0.0, 1e-3)
    step = round_step(top / 4)
    return 0.0, step * math.ceil(top / step)
