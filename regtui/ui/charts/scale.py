"""Limits that rarely move and round numbers for the axes.

The y axis is laid on whole rows: the distance of two numbers is always the same count of rows, so the numbers
stand in line and the upper end of the axis is where the last row ends, not where the data end.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from regtui.ui.charts.model import Limits

LARGEST = 1e300
"""Values beyond this are drawn at it: differences of two such values still fit a float."""

_LEAST_POSITIVE = 1e-300


@dataclass(frozen=True, slots=True)
class Tick:
    cell: int
    """Row from the bottom, or column from the left."""
    text: str


@dataclass(frozen=True, slots=True)
class Axis:
    """A y axis on whole rows."""

    low: float
    """At the middle of the lowest row; the exponent of 10 if `log`."""
    high: float
    """At the middle of the highest row."""
    ticks: tuple[Tick, ...]
    """From the lowest to the highest."""
    log: bool = False


def grown_limits(previous: Limits | None, data: Limits, log: bool = False) -> Limits:
    """Limits on round numbers that hold `data`; `previous` itself as long as it does.

    They only ever grow, and by a good piece at a time, so that an axis does not twitch while points come in.
    Data of one sign that come near to 0 get 0 as their end.
    """
    low, high = _ordered(data)
    if previous is not None:
        if previous[0] <= low and high <= previous[1]:
            return previous
        low, high = _beyond(previous, low, high, log)
    if log:
        high = max(high, _LEAST_POSITIVE)
        low = low if low > 0 else high
        return min(low, 10.0 ** math.floor(math.log10(low))), max(high, 10.0 ** math.ceil(math.log10(high)))
    is_positive = low >= 0
    low, high = wide_enough((low, high))
    if is_positive and low < 0.5 * high:  # nothing but 0, which is widened to both sides, too
        low = 0.0
    elif 0.5 * low < high < 0:
        high = 0.0
    step = round_step((high - low) / 5)
    return min(low, math.floor(low / step) * step), max(high, math.ceil(high / step) * step)


def _beyond(previous: Limits, low: float, high: float, log: bool) -> Limits:
    """What holds the data and the previous limits, and where it had to grow a piece more, but not across 0."""
    piece = 0.0 if log else 0.2 * (previous[1] - previous[0])
    farther_down = max(low - piece, 0.0) if low >= 0 else low - piece
    farther_up = min(high + piece, 0.0) if high <= 0 else high + piece
    return (
        previous[0] if low >= previous[0] else farther_down,
        previous[1] if high <= previous[1] else farther_up,
    )


def round_step(at_least: float) -> float:
    """The smallest of ..., 0.1, 0.2, 0.5, 1, 2, 5, 10, ... that is not smaller than `at_least`."""
    power = 10.0 ** math.floor(math.log10(at_least))
    for factor in (1.0, 2.0, 5.0, 10.0):
        if factor * power >= at_least * (1 - 1e-9):
            return factor * power
    return 10.0 * power


def row_axis(limits: Limits, rows: int, log: bool = False) -> Axis:
    """An axis of `rows` rows that shows `limits` and a little more, with numbers at equal distances.

    The numbers end at the limits: an axis of accuracies does not go on to 120 %.
    """
    low, high = wide_enough(limits)
    if log:
        low, high = wide_enough((math.log10(max(low, _LEAST_POSITIVE)), math.log10(max(high, _LEAST_POSITIVE))))
    best = min(_layouts(low, high, rows, log), default=None)
    if best is None:
        return Axis(low, high, (), log)
    _, step, rows_a_step, first = best
    a_row = step / rows_a_step
    start = first * a_row
    highest = high + 0.01 * (high - low)
    numbers = [(row, (first + row) // rows_a_step * step) for row in range(-first % rows_a_step, rows, rows_a_step)]
    numbers = [(row, number) for row, number in numbers if number <= highest]
    if not log:
        ticks = [Tick(row, tick_text(number, step)) for row, number in numbers]
    elif len(numbers) >= 3:
        ticks = [Tick(row, _power_text(number)) for row, number in numbers]
    else:
        ticks = _within_decades(start, a_row, rows)
    return Axis(start, start + (rows - 1) * a_row, tuple(ticks), log)


def _layouts(low: float, high: float, rows: int, log: bool) -> Iterable[tuple[float, float, int, int]]:
    """The ways to lay an axis: (cost, step between numbers, rows a step, first row counted from the row of 0)."""
    span = high - low
    wanted = min(max(2.0, 1 + rows / 3), 7.0)  # numbers: about one in three rows, a handful at most
    for step in _log_steps(span) if log else _steps(span / rows):
        for rows_a_step in range(min(rows - 1, int((rows - 1) * step / span + 1e-9)), 1, -1):
            a_row = step / rows_a_step
            first = math.floor(low / a_row + 1e-6)
            if (first + rows - 1) * a_row < high - 1e-6 * span:
                continue
            waste = (rows - 1) * a_row / span - 1  # what is shown beyond the limits
            numbers = math.floor(high / step + 0.01) - math.ceil(low / step - 0.01) + 1
            cost = 1.5 * waste + 2 * max(0.0, waste - 0.2) + 0.15 * abs(numbers - wanted)
            cost += 1.0 if numbers < 2 else 0.4 if numbers == 2 else 0.0
            yield cost, step, rows_a_step, first
            break


def _steps(at_least: float) -> Iterable[float]:
    """1, 2, 2.5 and 5 times powers of 10, for four decades."""
    power = 10.0 ** math.floor(math.log10(at_least))
    for _ in range(4):
        yield from (power, 2 * power, 2.5 * power, 5 * power)
        power *= 10


def _log_steps(decades: float) -> Iterable[float]:
    """Whole powers of 10 between two numbers, so that a handful covers all."""
    most = max(1, math.ceil(decades))
    yield from (step for step in (1, 2, 3, 5, 10, 20, 50, 100, 200) if step <= most)


def _within_decades(start: float, a_row: float, rows: int) -> list[Tick]:
    """Powers of 10 at the nearest row, or 1, 2 and 5 times them, for a log axis that no whole powers fit."""
    decades = range(max(math.floor(start), -300), min(math.ceil(start + rows * a_row), 300) + 1)
    choices = [[10.0**decade for decade in decades if decade % every == 0] for every in (1, 2, 5)]
    choices.append([factor * 10.0**decade for decade in decades for factor in (1, 2, 5)])
    ticks: list[Tick] = []
    for numbers in choices:
        places = [(round((math.log10(number) - start) / a_row), number) for number in numbers]
        ticks = [Tick(row, tick_text(number, number)) for row, number in places if 0 <= row < rows]
        if len(ticks) > 1 and all(after.cell - before.cell > 1 for before, after in pairwise(ticks)):
            return ticks
    return ticks[:1]


def column_ticks(limits: Limits, columns: int) -> tuple[Tick, ...]:
    """Round numbers under the columns, as many as fit with air between them."""
    low, high = wide_enough(limits)
    step = round_step((high - low) / max(columns / 6, 1))
    for _ in range(8):
        first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
        ticks = [
            Tick(round((number * step - low) / (high - low) * (columns - 1)), tick_text(number * step, step))
            for number in range(first, last + 1)
        ]
        longest = max((len(tick.text) for tick in ticks), default=0)
        if all(b.cell - a.cell >= max(longest + 3, columns // 9) for a, b in pairwise(ticks)):
            return tuple(ticks)
        step = round_step(step * 1.5)
    return ()


def tick_text(value: float, step: float) -> str:
    """A short number: "0.5", "10", "1.5k", "2e-5"; `step` says how many digits tell it from its neighbours."""
    if abs(value) < step * 1e-6:
        return "0"
    size = abs(value)
    if size < 1e-3 or size >= 1e10:
        mantissa, exponent = f"{value:.1e}".split("e")
        return f"{mantissa.removesuffix('.0')}e{int(exponent)}"
    for unit, name in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if size >= unit and step >= unit / 10:
            return f"{value / unit:.2f}".rstrip("0").rstrip(".") + name
    digits = next((digits for digits in range(6) if abs(round(step, digits) - step) < 1e-3 * step), 6)
    return f"{value:.{digits}f}"


def _power_text(exponent: float) -> str:
    """10 to a whole number."""
    return tick_text(10.0**exponent, 10.0**exponent) if -4 < exponent < 9 else f"1e{round(exponent)}"


def _ordered(limits: Limits) -> Limits:
    """Finite limits, the lower one first."""
    low, high = (0.0 if math.isnan(limit) else max(-LARGEST, min(LARGEST, limit)) for limit in limits)
    return min(low, high), max(low, high)


def wide_enough(limits: Limits) -> Limits:
    """Ordered limits that are apart; a single value gets a tenth of itself on both sides."""
    low, high = _ordered(limits)
    size = max(abs(low), abs(high))
    if high - low > 1e-9 * size and high - low > 1e-290:
        return low, high
    return low - (0.1 * size or 0.5), high + (0.1 * size or 0.5)
