"""train() against eval() as lines: what the same weights say of the same samples in both modes, layer by layer."""

from __future__ import annotations

from collections.abc import Sequence

from regtui.events import Modes
from regtui.modes import Reading
from regtui.ui.text import BAD, EMPTY, FAINT, GOOD, MUTED, STRONG, Line, left, line, right, width, wrapped

NAME = 16
"""Cells of the first column."""
MODE = 18
"""Cells of a mode's column."""
BAR = 7
"""Cells of the bar of a probability."""
BESIDE = 2 * (NAME + 2 * MODE) + 3
"""Cells from which samples and layers stand beside each other."""


def modes_lines(modes: Modes, room: int) -> list[Line]:
    """Sentence, figures, samples and layers in `room` cells; empty where there is trouble."""
    if modes.train is None or modes.eval is None:
        return []
    figures = [*_figures(modes.train, modes.eval), EMPTY, *_samples(modes.labels, modes.train, modes.eval)]
    inside = [*_layers(modes), *([EMPTY, *_dropped(modes)] if modes.dropped else [])]
    rows = [*wrapped(conclusion(modes.train, modes.eval, modes.samples), room, STRONG), EMPTY]
    if room < BESIDE:
        return [*rows, *figures, EMPTY, *inside]
    for at in range(max(len(figures), len(inside))):
        start = figures[at] if at < len(figures) else EMPTY
        end = inside[at] if at < len(inside) else EMPTY
        rows.append(line(*start, " " * (NAME + 2 * MODE + 3 - width(start)), *end))
    return rows


def conclusion(train: Reading, evaluated: Reading, samples: int) -> str:
    """One sentence from the numbers: what the mode alone does."""
    if train == evaluated:
        return "The same in both modes: nothing in this stack looks at the mode."
    cost = evaluated.accuracy - train.accuracy
    if abs(cost) < 100 / samples / 2:
        return f"The same weights: equally many of {samples} samples right in both modes, not equally sure."
    return (
        f"The same weights, the same {samples} samples: train() has {abs(cost):.1f} points "
        f"{'less' if cost > 0 else 'more'} accuracy than eval()."
    )


def _head(what: str, *columns: str) -> Line:
    return line((left(what, NAME), "bold"), *((right(column, MODE), MUTED) for column in columns))


def _figures(train: Reading, evaluated: Reading) -> list[Line]:
    def row(name: str, *values: str) -> Line:
        return line((left(name, NAME), ""), *((right(value, MODE), "") for value in values))

    return [
        _head("", "train()", "eval()"),
        row("loss, nats", f"{train.loss:.3f}", f"{evaluated.loss:.3f}"),
        row("accuracy, %", f"{train.accuracy:.1f}", f"{evaluated.accuracy:.1f}"),
    ]


def _samples(labels: Sequence[str], train: Reading, evaluated: Reading) -> list[Line]:
    """The probability of the own class, and whether it is the most probable one."""
    rows = [_head("sure of", "train()", "eval()")]
    for at, label in enumerate(labels):
        parts: list[Line] = [line((left(label, NAME), ""))]
        for reading in (train, evaluated):
            full = round(reading.truths[at] * BAR)
            mark = ("✔", GOOD) if reading.guesses[at] == label else ("✘", BAD)
            bar = line(" " * (MODE - BAR - 7), ("█" * full, "$primary"), ("░" * (BAR - full), FAINT))
            parts.append(line(*bar, (right(f"{reading.truths[at]:.2f}", 5), ""), " ", mark))
        rows.append(line(*(fragment for part in parts for fragment in part)))
    return rows


def _layers(modes: Modes) -> list[Line]:
    """Mean and deviation of what each layer puts out, before norm, Dropout and activation."""
    rows = [_head("mean ± std", "train()", "eval()")]
    for layer in modes.layers:
        both = ((layer.train_mean, layer.train_std), (layer.eval_mean, layer.eval_std))
        values = [f"{mean:z.2f} ± {std:.2f}" for mean, std in both]
        rows.append(line((left(layer.name, NAME), ""), *((right(value, MODE), "") for value in values)))
    return rows


def _dropped(modes: Modes) -> list[Line]:
    rows = [_head("Dropout blanks", "train()", "eval()")]
    for name, part in modes.dropped.items():
        told = right(f"{100 * part:.1f} %", MODE)
        rows.append(line((left(name, NAME), ""), (told, ""), (right("nothing", MODE), FAINT)))
    return rows
