"""The spread of activations from layer to layer, one curve an arm, as it is now."""

from __future__ import annotations

import math

from regtui.store import RunHistory
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
    probed: set[float] = set()
    for arm, run in _compared(view).items():
        latest = run.insides[-1]
        probed.add(latest.step / run.steps_per_epoch)
        if len(latest.layers) > len(names):
            names = [layer.name for layer in latest.layers]
        look = view.looks.of(arm)
        y = [layer.std for layer in latest.layers]
        series.append(Series(arm, list(range(len(y))), y, look.color(view.dark), look.sign))
    values = [y for one in series for y in one.y if math.isfinite(y) and y > 0]
    log = bool(values) and max(values) / min(values) > LOG_FROM
    chart = Chart(series=series, categories=names or None, log_y=log)
    when = f"  epoch {probed.pop():.3g}" if len(probed) == 1 else "  latest" if probed else ""
    title = line(("Activations", "bold"), ("  std", MUTED), (when, FAINT))
    return Figure(title, chart, version(view), (view.session.scenario.id, log))


def _compared(view: View) -> dict[str, RunHistory]:
    """A run an arm: of the first seed that all arms with probes share, else of the first one that each has."""
    probed = {
        arm.name: {seed: run for seed, run in view.session.of_arm(arm.name).items() if run.insides}
        for arm in view.session.arms
    }
    found = {arm: runs for arm, runs in probed.items() if runs}
    shared = set.intersection(*(set(runs) for runs in found.values())) if found else set()
    return {arm: runs[min(shared or runs)] for arm, runs in found.items()}
