"""Numbers of the layers: all layers beside each other at the latest probe, or the picked one over the epochs."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from regtui.events import LayerInside
from regtui.store import RunHistory
from regtui.trouble import label
from regtui.ui.charts import Chart, Mark, Series
from regtui.ui.figures.figure import Figure, common_runs, epochs, marks, version, waiting_text
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
    """NaN where it was not measured."""
    beside: str = ""
    """What a second curve shows of a picked layer, dashed."""
    read_beside: Callable[[LayerInside], float] | None = None


def _drift(layer: LayerInside) -> float:
    return 100 * layer.drift if layer.drift is not None else math.nan


ACTIVATIONS = Look("Activations", "std", lambda layer: layer.std, "mean", lambda layer: layer.mean)
GRADIENTS = Look("Gradients", "norm", lambda layer: layer.grad)
LOOKS: tuple[Look, ...] = (
    ACTIVATIONS,
    Look("Dead units", "%", lambda layer: 100 * layer.dead),
    GRADIENTS,
    Look("Weights", "norm", lambda layer: layer.weight),
    Look("Drift", "%", _drift),
)


def layers_figure(view: View, look: Look, place: tuple[str, str]) -> Figure:
    """A number of each layer on training batches: of the picked one over time, else of all at the latest probe step."""
    if view.picked and any(has_layer(run, view.picked) for run in view.session.current.values()):
        return course_figure(view, look, place)
    series: list[Series] = []
    probed: set[float] = set()
    runs = common_runs(view, lambda run: run.insides)
    of_arms = [runs[arm.name].insides[-1].layers for arm in view.session.arms if arm.name in runs]
    names = [layer.name for layer in max(of_arms, key=len, default=[])]
    for arm, run in runs.items():
        latest = run.insides[-1]
        probed.add(latest.step / run.steps_per_epoch)
        arm_look = view.looks.of(arm)
        y = [look.read(layer) for layer in latest.layers]
        series.append(Series(arm, list(range(len(y))), y, arm_look.color(view.dark), arm_look.sign))
    log = _is_log(look, series)
    chart = Chart(series=series, categories=names or None, log_y=log, empty_text=_empty_text(view, look, series))
    when = f"  epoch {probed.pop():.3g}" if len(probed) == 1 else "  latest" if probed else ""
    title: Line = line((look.title, "bold"), (f"  {look.unit}", MUTED), place, (when, FAINT))
    subject = (view.session.scenario.id, look.title, log)
    return Figure(title, chart, (*version(view), view.inside, view.picked), subject, tuple(names) or None)


def course_figure(view: View, look: Look, place: tuple[str, str]) -> Figure:
    """A number of the picked layer over the epochs, a curve an arm; where trouble began in the selected one a mark."""
    series: list[Series] = []
    beneath: list[Series] = []
    begun: list[Mark] = []
    for arm, run in common_runs(view, lambda run: has_layer(run, view.picked)).items():
        found = layer_course(run, view.picked)
        x = [at for at, _ in found]
        arm_look = view.looks.of(arm)
        color = arm_look.color(view.dark)
        series.append(Series(arm, x, [look.read(layer) for _, layer in found], color, arm_look.sign))
        if look.read_beside is not None:
            y = [look.read_beside(layer) for _, layer in found]
            beneath.append(Series(arm, x, y, color, "dashed", dim=True, label_end=False))
        if arm == view.selected.name:
            own = [trouble for trouble in run.lasting if trouble.layer == view.picked]
            begun = [Mark(trouble.step / run.steps_per_epoch, label(trouble.kind)) for trouble in own]
    log = _is_log(look, series) and not beneath  # a mean may be negative
    chart = Chart(
        series=[*beneath, *series], marks=(*marks(view), *begun), x_label="epoch", x_limits=epochs(view), log_y=log,
        empty_text=_empty_text(view, look, series),
    )  # fmt: skip
    parts = [(look.title, "bold"), (f"  {view.picked}", "$accent"), (f"  {look.unit}", MUTED), place]
    title = line(*parts, (f"  ╌ {look.beside}" if beneath else "", FAINT))
    subject = (view.session.scenario.id, look.title, view.picked, log)
    return Figure(title, chart, (*version(view), view.inside, view.picked), subject, ())


def has_layer(run: RunHistory, name: str) -> bool:
    """Whether a run has measured a layer of that name."""
    return bool(run.insides) and any(layer.name == name for layer in run.insides[-1].layers)


def layer_course(run: RunHistory, name: str) -> list[tuple[float, LayerInside]]:
    """What the probes saw of a layer, each with its epoch."""
    found = []
    at = 0
    for event in run.insides:
        if at >= len(event.layers) or event.layers[at].name != name:  # mostly a layer keeps its place all through a run
            at = next((i for i, layer in enumerate(event.layers) if layer.name == name), -1)
        if at >= 0:
            found.append((event.step / run.steps_per_epoch, event.layers[at]))
        at = max(at, 0)
    return found


def _is_log(look: Look, series: Iterable[Series]) -> bool:
    values = [y for one in series for y in one.y if math.isfinite(y) and y > 0]
    return look.unit != "%" and bool(values) and max(values) / min(values) > LOG_FROM


def _empty_text(view: View, look: Look, series: list[Series]) -> str:
    about = f"{look.title.lower()}\nof each layer"
    return "not in the record\nof these runs" if series else waiting_text(view, about)
