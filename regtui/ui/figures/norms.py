"""Running statistics of a norm layer: what the batch has, what the layer remembers, what the whole set has."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from regtui.events import NormLayer
from regtui.store import RunHistory
from regtui.ui.charts import Chart, Series
from regtui.ui.figures.figure import Figure, version
from regtui.ui.text import FAINT, MUTED, line
from regtui.ui.view import View

Read = Callable[[NormLayer], Sequence[float]]

_READS: dict[str, tuple[Read, Read, Read]] = {
    "variance": (lambda n: n.batch_var, lambda n: n.running_var, lambda n: n.set_var),
    "mean": (lambda n: n.batch_mean, lambda n: n.running_mean, lambda n: n.set_mean),
}


def norms_figure(view: View) -> Figure:
    """One layer of the selected arm; each point is the mean over the layer's first channels."""
    arm = view.selected.name
    layers = norm_layers(view)
    has_norm = any(entry.name == "batchnorm" for entry in view.selected.stack)
    run = view.shown_run(arm)
    head = line(("BatchNorm", "bold"))
    if not layers or run is None:
        if has_norm:
            text = "" if view.session.is_busy else "press space to run"
        else:
            text = f"{arm} has no BatchNorm.\nSelect an arm that has it,\nor switch it on in the stack."
        return Figure(head, Chart(empty_text=text), (view.dark, arm, text), ())
    name = layers[view.layer % len(layers)]
    batch, running, whole = (_curve(run, name, read) for read in _READS[view.statistic])
    neutral = "#8b93b5" if view.dark else "#5d6474"
    strong = "#e4e8f7" if view.dark else "#1d222c"
    series = [
        Series("batch", *batch, neutral, "solid", dim=True),
        Series("running", *running, view.color(arm), "solid"),
        Series("whole set", *whole, strong, "dotted"),
    ]
    short = name.removesuffix(".norm")
    sign = (f" {view.sign(arm)} ", view.color(arm))
    title = (
        *head,
        *line(sign, (f"{short} {view.statistic}", MUTED), (f" {view.layer % len(layers) + 1}/{len(layers)}", FAINT)),
    )
    x_limits = (0.0, float(view.selected.train.epochs))
    chart = Chart(series=[one for one in series if one.x], x_label="epoch", x_limits=x_limits)
    return Figure(title, chart, (*version(view), view.layer, view.statistic), (run.run, name, view.statistic))


def norm_layers(view: View) -> list[str]:
    """Names of the norm layers of the selected arm, in the order of the forward pass."""
    run = view.shown_run(view.selected.name)
    return [layer.name for layer in run.norms[-1].layers] if run is not None and run.norms else []


def _curve(run: RunHistory, name: str, read: Read) -> tuple[list[float], list[float]]:
    x, y = [], []
    for event in run.norms:
        layer = next((layer for layer in event.layers if layer.name == name), None)
        values = read(layer) if layer is not None else ()
        if values:
            x.append(event.step / run.steps_per_epoch)
            y.append(math.fsum(values) / len(values))
    return x, y
