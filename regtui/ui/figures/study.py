"""What a study found: its curves, one arm beside the other where they can share a picture."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from regtui.catalog import STUDIES, Study
from regtui.claims import figure
from regtui.events import Studied
from regtui.ui.charts import Chart, Series, Stroke
from regtui.ui.figures.figure import Figure, common_runs, version
from regtui.ui.palette import neutral
from regtui.ui.text import MUTED, Line, line
from regtui.ui.view import View


def study_figure(view: View, name: str, place: tuple[str, str]) -> Figure:
    """The curves of all arms, and of the selected one what it is compared with.

    Where arms cannot share a picture the selected one is shown alone, or else the first that has any. The title has
    the selected arm's number that claims speak of.
    """
    record = STUDIES[name]
    runs = common_runs(view, lambda run: name in run.studies)
    found = {arm: run.studies[name] for arm, run in runs.items()}
    shown = view.arm if view.arm in found else next(iter(found), "")
    series: list[Series] = []
    for arm, studied in found.items():
        if record.overlay or arm == shown:
            series += _series(view, arm, studied, is_shown=arm == shown)
    x = sorted({value for one in series for value in one.x}) if record.log_x else []
    if x:
        series = [_at_places(one, x) for one in series]
    chart = Chart(
        series=series,
        x_label=record.x_label,
        y_label=record.y_label,
        log_y=record.log_y,
        categories=[f"{value:g}" for value in x] or None,
        empty_text="" if series else _waiting(view, record),
    )
    title = _title(view, record, shown, found.get(shown), place)
    return Figure(title, chart, (*version(view), view.inside), (view.session.scenario.id, name, len(x)))


def _series(view: View, arm: str, studied: Studied, *, is_shown: bool) -> list[Series]:
    """The arm's own in its hue and with its sign; of the shown one each is named, and beneath are its references, in a
    neutral hue. Of any other arm the last curve has its name, so that no word stands twice."""
    own = [curve for curve in studied.curves if not curve.is_reference]
    look = view.looks.of(arm)
    series = []
    if is_shown:
        for curve in studied.curves:
            if curve.is_reference:
                series.append(Series(curve.name, curve.x, curve.y, neutral(view.dark), "dashed"))
    for i, curve in enumerate(own, 1):  # the last of several is what the network came to
        is_earlier = i < len(own)
        stroke: Stroke = "solid" if is_earlier else look.sign
        name = curve.name if is_shown and len(own) > 1 and curve.name else arm
        is_named = is_shown or not is_earlier
        series.append(Series(name, curve.x, curve.y, look.color(view.dark), stroke, dim=is_earlier, label_end=is_named))
    return series


def _at_places(series: Series, x: Sequence[float]) -> Series:
    """With its x as places among all of them, so that 1, 2, 4, 8 ... stand at equal distances."""
    places = {value: float(i) for i, value in enumerate(x)}
    return replace(series, x=[places[value] for value in series.x])


def _title(view: View, record: Study, shown: str, studied: Studied | None, place: tuple[str, str]) -> Line:
    parts: list[tuple[str, str]] = [(record.title, "bold")]
    if studied is not None:
        parts.append((f" {view.sign(shown)}", view.color(shown)))
        for metric in _claimed(view, record):
            # Recorded before the study had it, or not to be had of this arm.
            if not math.isfinite(studied.values.get(metric, math.nan)):
                continue
            value = figure(studied.values[metric], f"{record.name}.{metric}")
            parts.append((f"  {metric.replace('_', ' ')} {value}", MUTED))
    return line(*parts, place)


def _claimed(view: View, record: Study) -> list[str]:
    """The first metric of the study that a claim of the scenario speaks of, else the first of all."""
    prefix = f"{record.name}."
    metrics = [claim.check.metric for claim in view.session.scenario.claims]
    claimed = [metric.removeprefix(prefix) for metric in metrics if metric.startswith(prefix)]
    return (claimed or [record.metrics[0].name])[:1]


def _waiting(view: View, record: Study) -> str:
    when = "as it begins" if record.when == "start" else "at the end of each run"
    return f"measured {when}" if view.session.is_busy else f"press space to run;\nmeasured {when}"
