"""Running statistics of a norm layer: what the batch has, what the layer remembers, what the whole set has."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from regtui.catalog import REGULARIZERS
from regtui.catalog.norms import NORMS
from regtui.events import NormLayer
from regtui.scenario import Arm
from regtui.store import RunHistory
from regtui.store.slim import mean
from regtui.ui.charts import RING, Chart, Series
from regtui.ui.figures.figure import PRESS, Figure, marks, version
from regtui.ui.figures.layers import ACTIVATIONS, GRADIENTS, layers_figure
from regtui.ui.palette import neutral
from regtui.ui.text import FAINT, MUTED, cut, line
from regtui.ui.view import View

Read = Callable[[NormLayer], Sequence[float]]

_NORMS = frozenset(record.name for record in NORMS)
_LONGEST_NAME = 16
"""Cells of an arm's name in the title."""

_READS: dict[str, tuple[Read, Read, Read]] = {
    "variance": (lambda n: n.batch_var, lambda n: n.running_var, lambda n: n.set_var),
    "mean": (lambda n: n.batch_mean, lambda n: n.running_mean, lambda n: n.set_mean),
}


def norms_figure(view: View) -> Figure:
    """One layer of the selected arm, or of the first arm with a norm; a point is the mean over the first channels.

    Where no arm has a norm its place is taken by the layers: by what the chart of the inside does not show first.
    """
    arm = shown_arm(view)
    if arm is None:
        return layers_figure(view, ACTIVATIONS if view.studies else GRADIENTS, ("  no norm in any arm", FAINT))
    run = view.shown_run(arm.name)
    record = REGULARIZERS[next(entry.name for entry in arm.stack if entry.name in _NORMS)]
    sign = (f" {view.sign(arm.name)} ", view.color(arm.name))
    # An arm that was not selected is named where there is room: the stack beside the chart is that of another one.
    is_other = arm.name != view.selected.name
    name = cut(arm.name, _LONGEST_NAME)
    head = line((record.title, "bold"), sign)
    layers = norm_layers(run)
    if not layers or run is None:
        about = f"what {record.title} normalizes with,\nand what is true of all samples"
        text = f"waiting for\n{name}" if view.session.is_busy else f"{about}\n\n{PRESS}"
        if run is not None and run.state == "diverged":
            text = f"{arm.name}:\ndiverged before the first probe"
        named = (*head, *line((name if is_other else "", MUTED)))
        return Figure(named, Chart(empty_text=text), (view.dark, view.arm, arm.name, text), ())
    shown = layers[view.layer % len(layers)]
    batch, running, whole = (_curve(run, shown, read) for read in _READS[view.statistic])
    strong = "#e4e8f7" if view.dark else "#1d222c"
    # The running average lies on top: it is what the chart is about, and mostly runs along the truth.
    series = [
        Series("batch", *batch, neutral(view.dark), "solid", dim=True),
        Series("whole set", *whole, strong, RING),
        Series("running", *running, view.color(arm.name), view.looks.of(arm.name).sign),
    ]
    # A batch of one has the statistics of its one sample: BatchNorm then is InstanceNorm while it trains.
    is_instance = record.name == "batchnorm" and arm.train.batch_size == 1
    layer, told = shown.removesuffix(".norm"), f" {'instance ' if is_instance else ''}{view.statistic}"
    count = f" {view.layer % len(layers) + 1}/{len(layers)}"
    latest = [(f"  {one.name} {one.y[-1]:.3g}", one.color) for one in reversed(series) if one.x and not one.dim]
    chart = Chart(
        series=[one for one in series if one.x],
        x_label="epoch",
        x_limits=(0.0, float(arm.train.epochs)),
        marks=[mark for mark in marks(view) if mark.text.startswith(view.sign(arm.name))],
    )
    title = (
        *head,
        *line((layer, MUTED), (told, MUTED), (count, FAINT), (f"  {name}" if is_other else "", MUTED), *latest),
    )
    return Figure(title, chart, (*version(view), view.layer, view.statistic), (run.run, shown, view.statistic))


def shown_arm(view: View) -> Arm | None:
    """The selected arm if it has a norm, else the first one that has, None where no arm has."""
    arms = [view.selected, *view.session.arms]
    return next((arm for arm in arms if any(entry.name in _NORMS for entry in arm.stack)), None)


def norm_layers(run: RunHistory | None) -> list[str]:
    """Names of the norm layers of a run, in the order of the forward pass."""
    return [layer.name for layer in run.norms[-1].layers] if run is not None and run.norms else []


def _curve(run: RunHistory, name: str, read: Read) -> tuple[list[float], list[float]]:
    x, y = [], []
    for event in run.norms:
        layer = next((layer for layer in event.layers if layer.name == name), None)
        values = read(layer) if layer is not None else ()
        if values:
            x.append(event.step / run.steps_per_epoch)
            y.append(mean(values))
    return x, y
