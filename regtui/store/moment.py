"""A run as it was at an earlier step: everything recorded up to there, nothing that came later."""

from __future__ import annotations

import copy
from typing import Any

from regtui.store.columns import Column
from regtui.store.history import RunHistory


def as_of(run: RunHistory, step: float) -> RunHistory:
    """A copy of the run as of a step; the run itself, where it had come no farther.

    Whatever a history holds of events with a step (evaluations, probes, markers) is cut there, and so are its columns.
    Of a study only the latest result is kept, so an earlier one is missing where a later one replaced it.
    """
    if step >= run.step and (run.ending is None or step >= getattr(run.ending, "step", 0)):
        return run
    past = copy.copy(run)
    for name, value in vars(run).items():
        setattr(past, name, _until(value, step))
    past.step = int(min(step, run.step))
    past.ending, past.trouble, past.ended_early = None, "", ""
    past.state = "waiting" if run.started is None else "running"
    past.seconds = seconds_at(run, past.step)
    return past


def _until(value: Any, step: float) -> Any:
    if isinstance(value, Column):
        return _column_until(value, step)
    if isinstance(value, list):
        return [item for item in value if getattr(item, "step", 0) <= step]
    if isinstance(value, dict):
        return {key: item for key, item in value.items() if getattr(item, "step", 0) <= step}
    return value


def _column_until(column: Column, step: float) -> Column:
    """The points that begin up to a step."""
    kept = sum(first <= step for first in column.steps)
    past = Column(column.capacity)
    past.span = column.span
    for name in ("steps", "counts", "means", "lows", "highs"):
        setattr(past, name, getattr(column, name)[:kept])
    return past


def seconds_at(run: RunHistory, step: float) -> float:
    """Training time by a step: that of the last evaluation before it, and the rest in proportion."""
    known = [(0, 0.0), *((event.step, event.seconds) for event in run.evaluations), (run.step, run.seconds)]
    before = max((point for point in known if point[0] <= step), default=(0, 0.0))
    after = min((point for point in known if point[0] > step), default=before)
    share = (step - before[0]) / (after[0] - before[0]) if after[0] > before[0] else 0.0
    return before[1] + share * (after[1] - before[1])
