"""The tables of the comparison: figures by arm, and only the settings in which the picked arms differ."""

from __future__ import annotations

import math

from rich.cells import cell_len

from regtui.claims import Interval
from regtui.compare.library import StoredArm
from regtui.compare.query import shown
from regtui.compare.results import Standing, columns, outline
from regtui.ui.comparison import Comparison
from regtui.ui.figures.comparison import place
from regtui.ui.standing import STEERED
from regtui.ui.text import BAD, EMPTY, FAINT, MUTED, Fragment, Line, left, line, marked, right, wrapped

FIGURE, PAIRED, AT = 11, 12, 10
"""Cells of a figure, of a paired difference, of a value at the cursor."""
SHORTEST_KEY, LONGEST_KEY, LONGEST_VALUE = 10, 26, 12


def arms_lines(comparison: Comparison, room: int, *, dark: bool, focused: bool) -> list[Line]:
    """A heading and a row an arm: sign, name, seeds, final figures, paired difference, the curve at the cursor."""
    metric = _held_out(comparison)
    has_best = room >= 4 + 20 + 5 + 3 * FIGURE + PAIRED + AT
    name = max(room - (4 + 5 + (2 + has_best) * FIGURE + PAIRED + AT), 8)
    at = place(comparison, comparison.cursor) if comparison.cursor is not None else "last"
    head = "    " + left("", name) + right("seeds", 5) + right(metric.removesuffix("_accuracy") + " %", FIGURE)
    head += (right("best %", FIGURE) if has_best else "") + right("gap", FIGURE)
    rows: list[Line] = [line((head + right("paired", PAIRED) + right(at, AT), FAINT))]
    several = len({arm.scenario for arm in comparison.shown}) > 1
    for i, arm in enumerate(comparison.shown):
        row = _row(comparison, arm, name, metric, dark=dark, several=several, has_best=has_best)
        if i == comparison.row:
            row = marked(row, room, focused=focused)
        rows.append(row)
    if not comparison.shown and comparison.is_loaded:
        rows += [EMPTY, line(("  nothing stored is as the filter says" if comparison.arms else "", MUTED))]
    return rows


def _row(
    comparison: Comparison, arm: StoredArm, name: int, metric: str, *, dark: bool, several: bool, has_best: bool
) -> Line:
    look = comparison.looks.get(arm.key)
    is_picked = arm.key in comparison.picked
    sign = (f"{look.sign} ", look.color(dark)) if look is not None else ("  ", "")
    label = f"{arm.scenario.rpartition('/')[2]}: {arm.name}" if several else arm.name
    parts: list[Fragment] = [("■ " if is_picked else "□ ", "" if is_picked else FAINT), sign]
    parts.append((left(label, name), "" if is_picked else MUTED))
    one = comparison.standing(arm)
    if one is not None and metric == "validation_accuracy":
        one = one.by_validation()
    if one is None:
        parts.append((right(str(len(arm.latest)), 5) + right("…", FIGURE), FAINT))
        return line(*parts)
    missing = len(arm.latest) - len(one.results)
    seeds = f"{len(one.results)}/{len(arm.latest)}" if missing else str(len(one.results))
    steered = STEERED if any(run.steered for run in one.runs) else ""
    parts.append((right(steered + seeds, 5), MUTED if not missing else BAD))
    if not one.results:
        parts.append((right(", ".join(one.left_out), FIGURE * (2 + has_best)), MUTED))
    else:
        parts.append((right(_figure(one.final[metric]), FIGURE), ""))
        if has_best:
            parts.append((right(_best(one, metric), FIGURE), MUTED))
        parts.append((right(_figure(one.final["gap"]), FIGURE), ""))
    parts.append((right(_paired(comparison, one), PAIRED), ""))
    parts.append((right(_at_cursor(comparison, arm), AT), look.color(dark) if look else ""))
    return line(*parts)


def _best(one: Standing, metric: str) -> str:
    """The best of a run's evaluations; it says so where it is of validation in a table of test figures."""
    if one.best is not None and one.best_part == "validation" and metric == "test_accuracy":
        return f"val {one.best.mean:.1f}"
    return _figure(one.best)


def _paired(comparison: Comparison, one: Standing) -> str:
    """The difference of the shown metric, where it is one of the figures, else of the held-out accuracy."""
    if one.arm.key not in comparison.runs:
        return ""
    if one.against is None:
        return "reference"
    found = one.paired.get(paired_metric(comparison))
    if found is None:
        return "no pair"
    return f"{found.mean:+.1f}" + ("" if math.isnan(found.low) else f" ±{found.high - found.mean:.1f}")


def paired_metric(comparison: Comparison) -> str:
    """What the pairs are about: gap or train accuracy where that is on the chart, else held-out accuracy."""
    names = {"gap": "gap", "clean train accuracy": "train_accuracy", "validation accuracy": "validation_accuracy"}
    return names.get(comparison.metric.name) or _held_out(comparison)


def _held_out(comparison: Comparison) -> str:
    """The accuracy that the rows show: of the test set where all picked arms have one."""
    return columns([comparison.standings[key] for key in comparison.picked if key in comparison.runs])[1]


def _at_cursor(comparison: Comparison, arm: StoredArm) -> str:
    """The measured value at the cursor, or the last one before it."""
    curve = comparison.curves().get(arm.key)
    point = curve.at(math.inf if comparison.cursor is None else comparison.cursor) if curve is not None else None
    if point is None:
        return ""
    # Percent and points as in the columns beside it; losses are small.
    return f"{point[1]:.3f}" if comparison.metric.unit == "nats" else f"{point[1]:.1f}"


def _figure(found: Interval | None) -> str:
    if found is None:
        return "–"
    return f"{found.mean:.1f}" + ("" if math.isnan(found.low) else f" ±{found.high - found.mean:.1f}")


def settings_lines(comparison: Comparison, room: int, *, dark: bool) -> list[Line]:
    """A row a setting that is not the same in all picked arms, a column an arm, headed by its sign."""
    arms = list(comparison.picked.values())
    if len(arms) < 2:
        return wrapped("Pick two arms or more: here stand only the settings in which they differ.", room, MUTED)
    rows = outline(arms)
    if not rows:
        return wrapped("The picked arms have the same settings.", room, MUTED)
    cells = [(key, ["–" if value is None else shown(value) for value in values]) for key, values in rows]
    widest = max(cell_len(value) for _, values in cells for value in values)
    column = min(widest + 2, LONGEST_VALUE, max((room - SHORTEST_KEY) // len(arms), 5))
    key_room = min(max(cell_len(key) for key, _ in cells), LONGEST_KEY, max(room - column * len(arms), SHORTEST_KEY))
    looks = [comparison.looks[arm.key] for arm in arms]
    head = [(right(look.sign, column), look.color(dark)) for look in looks]
    return [
        line((left("", key_room), ""), *head),
        *(
            line((_key(key, key_room), MUTED), *((right(value, column), FAINT if value == "–" else "")
                                                for value in values))
            for key, values in cells
        ),
    ]  # fmt: skip


def _key(key: str, room: int) -> str:
    """A key in exactly `room` cells: its end says more than its beginning."""
    return left(key if cell_len(key) <= room else "…" + key[1 - room :], room)
