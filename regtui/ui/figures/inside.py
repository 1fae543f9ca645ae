"""The spread of activations from layer to layer, one curve an arm, as it is now."""

from __future__ import annotations

import math

from regtui.ui.charts import Chart, Series
from regtui.ui.figures.figure import Figure, version
from regtui.ui.text import FAINT, MUTED, line
from regtui.ui.view import View

LOG_FROM = 50.0
"""Ratio of the largest to the smallest standard deviation from which the axis is logarithmic."""


def inside_figure(view: View) -> Figure:
    """Standard deviation of each layer's output, before its norm and activation, on a training batch."""
    series: list[Series] = []
    names: list[str] = []
    epoch = 0.0
    for arm in view.session.arms:
        run = view.shown_run(arm.name)
        if run is None or not run.insides:
            continue
        latest = run.insides[-1]
        epoch = max(epoch, latest.step / run.steps_per_epoch)
        if len(latest.layers) > len(names):
            names = [layer.name for layer in latest.layers]
        look = view.looks.of(arm.name)
        y = [layer.std for layer in latest.layers]
        series.append(Series(arm.name, list(range(len(y))), y, look.color(view.dark), look.sign))
    values = [y for one in series for y in one.y if math.isfinite(y) and y > 0]
    log = bool(values) and max(values) / min(values) > LOG_FROM
    chart = Chart(series=series, categories=names or None, log_y=log)
    title = line(("Activations", "bold"), ("  std by layer", MUTED), (f"  epoch {epoch:.0f}" if names else "", FAINT))
    return Figure(title, chart, version(view), (view.session.scenario.id, log))
