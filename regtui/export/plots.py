"""Curves as inline SVG: axes, a line an arm with its name at the end, a band where there are several seeds.

No scripts and no fonts from elsewhere; colours are CSS variables, so that one file is right on dark, light and paper.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

HUES = (
    ("#0067a5", "#56b4e9"), ("#8f5f00", "#e69f00"), ("#00705a", "#2fc196"), ("#9c4579", "#d98cb9"),
    ("#b04300", "#f0804a"), ("#3d4fb5", "#8a9cf0"), ("#6b6100", "#e8dc5a"), ("#555b6e", "#b0b6c8"),
)  # fmt: skip
"""(on white, on dark) by arm: Okabe & Ito's colour-blind-safe set, each with a contrast of 4.5 : 1 and more."""
DASHES = ("", "7 3", "2 3", "9 3 2 3", "4 2", "12 4", "1 2", "6 2 1 2 1 2")
"""Strokes by arm, so that no curve is told by its colour alone."""

WIDTH, HEIGHT = 480, 250
LEFT, RIGHT, TOP, BOTTOM = 46, 128, 10, 34
LINE = 13
"""Pixels that a name needs."""

Point = tuple[float, float]


@dataclass(frozen=True)
class Curve:
    """What one arm shows in one plot."""

    name: str
    look: int
    """Its place among the hues and strokes."""
    seeds: Sequence[Sequence[Point]]
    """(x, y) of each seed, x ascending; what is not finite is left out."""


def plot(title: str, unit: str, curves: Sequence[Curve]) -> str:
    """A figure with its caption, or "" where no curve has a finite point."""
    shown = [(curve, lines) for curve in curves if any(lines := [_finite(seed) for seed in curve.seeds])]
    points = [point for _, lines in shown for line in lines for point in line]
    if not points:
        return ""
    across = _Scale([x for x, _ in points], LEFT, WIDTH - RIGHT)
    up = _Scale([y for _, y in points], HEIGHT - BOTTOM, TOP)
    drawn = [_axes(across, up)]
    ends: list[tuple[float, Curve]] = []
    for curve, lines in shown:
        mean, low, high = _over_seeds(lines)
        style = f"--hue: var(--hue{curve.look % len(HUES)})"
        if low != high:
            area = [*((across(x), up(y)) for x, y in high), *((across(x), up(y)) for x, y in reversed(low))]
            drawn.append(f'<polygon class="band" style="{style}" points="{_points(area)}"/>')
        path = [(across(x), up(y)) for x, y in mean]
        dash = DASHES[curve.look % len(DASHES)]
        drawn.append(
            f'<polyline class="curve" style="{style}" stroke-dasharray="{dash}" points="{_points(path)}"/>'
            if len(path) > 1
            else f'<circle class="dot" style="{style}" cx="{path[0][0]:.1f}" cy="{path[0][1]:.1f}" r="3"/>'
        )
        ends.append((path[-1][1], curve))
    drawn += _names(ends)
    label = escape(f"{title}, {unit}, by epoch" if unit else f"{title} by epoch")
    return (
        f'<figure><figcaption>{escape(title)} <small>{escape(unit)}</small></figcaption>'
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}">{"".join(drawn)}</svg></figure>'
    )  # fmt: skip


class _Scale:
    """From values to pixels, with ticks at round numbers."""

    def __init__(self, values: Sequence[float], start: float, end: float) -> None:
        low, high = min(values), max(values)
        if low == high:
            low, high = low - 0.5, high + 0.5
        rough = (high - low) / 5
        size = 10 ** math.floor(math.log10(rough))
        step = next(size * factor for factor in (1, 2, 5, 10) if size * factor >= rough)
        self.ticks = [step * i for i in range(math.ceil(low / step), math.floor(high / step) + 1)]
        self.decimals = max(0, -math.floor(math.log10(step)))
        margin = 0.03 * (high - low)
        self._low, self._high, self._start, self._end = low - margin, high + margin, start, end

    def __call__(self, value: float) -> float:
        return self._start + (value - self._low) / (self._high - self._low) * (self._end - self._start)


def _axes(across: _Scale, up: _Scale) -> str:
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM
    drawn = []
    for tick in up.ticks:
        y = f"{up(tick):.1f}"
        drawn.append(f'<line class="grid" x1="{LEFT}" x2="{right}" y1="{y}" y2="{y}"/>')
        drawn.append(f'<text x="{LEFT - 6}" y="{y}" dy="4" text-anchor="end">{tick:.{up.decimals}f}</text>')
    for tick in across.ticks:
        text = f"{tick:.{across.decimals}f}"
        drawn.append(f'<text x="{across(tick):.1f}" y="{bottom + 15}" text-anchor="middle">{text}</text>')
    drawn.append(f'<line class="axis" x1="{LEFT}" x2="{right}" y1="{bottom}" y2="{bottom}"/>')
    drawn.append(f'<text x="{right}" y="{HEIGHT - 4}" text-anchor="end">epoch</text>')
    return "".join(drawn)


def _names(ends: list[tuple[float, Curve]]) -> list[str]:
    """Names beside the ends of the curves, moved apart where they would lie on each other."""
    drawn, free = [], float(TOP)
    ends = sorted(ends, key=lambda end: end[0])
    for i, (y, curve) in enumerate(ends):
        room = HEIGHT - BOTTOM - LINE * (len(ends) - 1 - i)  # what the names below still need
        y = max(min(y, room), free)
        free = y + LINE
        style = f"--hue: var(--hue{curve.look % len(HUES)})"
        x = WIDTH - RIGHT + 6
        name = curve.name if len(curve.name) <= 18 else curve.name[:17] + "…"
        dash = DASHES[curve.look % len(DASHES)]
        drawn.append(
            f'<line class="curve" style="{style}" stroke-dasharray="{dash}" x1="{x}" x2="{x + 18}" '
            f'y1="{y:.1f}" y2="{y:.1f}"/><text class="name" style="{style}" x="{x + 22}" y="{y:.1f}" dy="4">'
            f"{escape(name)}</text>"
        )
    return drawn


def _over_seeds(lines: Sequence[Sequence[Point]]) -> tuple[list[Point], list[Point], list[Point]]:
    """Mean, lowest and highest by x, over the seeds that have a value there."""
    at: dict[float, list[float]] = {}
    for line in lines:
        for x, y in line:
            at.setdefault(x, []).append(y)
    columns = sorted(at.items())
    return (
        [(x, math.fsum(ys) / len(ys)) for x, ys in columns],
        [(x, min(ys)) for x, ys in columns],
        [(x, max(ys)) for x, ys in columns],
    )


def _finite(line: Sequence[Point]) -> list[Point]:
    return [(x, y) for x, y in line if math.isfinite(x) and math.isfinite(y)]


def _points(path: Sequence[Point]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in path)
