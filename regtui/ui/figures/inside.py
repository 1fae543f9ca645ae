"""The inside of the network, one look of several at a time: the layers, or what a study of the scenario found."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from regtui.events import LayerInside
from regtui.store import RunHistory
from regtui.ui.charts import Chart, Series
from regtui.ui.figures.figure import Figure, common_runs, version, waiting_text
from regtui.ui.figures.study import study_figure
from regtui.ui.text import FAINT, MUTED, Line, line
from regtui.ui.view import View

LOG_FROM = 50.0
"""Ratio of the largest to the smallest value from which the axis is logarithmic."""


@dataclass(frozen=True, slots=True)
class Look:
    """A number of each layer, as one curve an arm."""

    title: str
    unit: str
    read: Callable[[LayerInside], float]


ACTIVATIONS = Look("Activations", "std", lambda layer: layer.std)
GRADIENTS = Look("Gradients", "norm", lambda layer: layer.grad)
LAYERS: tuple[Look, ...] = (
    ACTIVATIONS,
    Look("Dead units", "%", lambda layer: 100 * layer.dead),
    GRADIENTS,
    Look("Weights", "norm", lambda layer: layer.weight),
)


def inside_figure(view: View) -> Figure:
    """What `view.inside` counts to: the studies of the scenario first, then the layers."""
    studies = view.studies
    count = len(studies) + len(LAYERS)
    at = view.inside % count
    place = (f"  {at + 1}/{count}", FAINT)
    if at < len(studies):
        return study_figure(view, studies[at], place)
    return layers_figure(view, LAYERS[at - len(studies)], place)


def layers_figure(view: View, look: Look, place: tuple[str, str]) -> Figure:
    """A number of each layer on a training batch at the latest probe step: std is before its norm and activation."""
    series: list[Series] = []
    names: list[str] = []
    probed: set[float] = set()
    for arm, run in common_runs(view.session, _is_probed).items():
        latest = run.insides[-1]
        probed.add(latest.step / run.steps_per_epoch)
        if len(latest.layers) > len(names):
            names = [layer.name for layer in latest.layers]
        arm_look = view.looks.of(arm)
        y = [look.read(layer) for layer in latest.layers]
        series.append(Series(arm, list(range(len(y))), y, arm_look.color(view.dark), arm_look.sign))
    values = [y for one in series for y in one.y if math.isfinite(y) and y > 0]
    log = look.unit != "%" and bool(values) and max(values) / min(values) > LOG_FROM
    chart = Chart(series=series, categories=names or None, log_y=log, empty_text=waiting_text(view))
    when = f"  epoch {probed.pop():.3g}" if len(probed) == 1 else "  latest" if probed else ""
    title: Line = line((look.title, "bold"), (f"  {look.unit}", MUTED), (when, FAINT), place)
    return Figure(title, chart, (*version(view), view.inside), (view.session.scenario.id, look.title, log))


def _is_probed(run: RunHistory) -> bool:
    return bool(run.insides)
