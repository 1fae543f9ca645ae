"""train() against eval() as lines: what the same weights say of the same samples in both modes, layer by layer."""

from __future__ import annotations

from collections.abc import Sequence

from regtui.events import Modes
from regtui.modes import LayerModes, NormModes, Reading
from regtui.ui.text import BAD, EMPTY, FAINT, GOOD, MUTED, STRONG, Line, left, line, right, width, wrapped

NAME = 16
"""Cells of the first column."""
MODE = 18
"""Cells of a mode's column."""
BAR = 7
"""Cells of the bar of a probability."""
INSIDE_NAME, INSIDE, APART = 14, 15, 8
"""Cells of the columns of the layers, which say two numbers a mode and how far apart these are."""
BESIDE = 2 * (NAME + 2 * MODE) + 3
"""Cells from which samples and layers stand beside each other."""


def modes_lines(modes: Modes, room: int) -> list[Line]:
    """Sentence, figures, samples and layers in `room` cells; empty where there is trouble."""
    if modes.train is None or modes.eval is None:
        return []
    figures = [*_figures(modes.train, modes.eval), EMPTY, *_samples(modes.labels, modes.train, modes.eval)]
    inside = _layers(modes.layers)
    for more in (_norms(modes.norms) if modes.norms else [], _dropped(modes) if modes.dropped else []):
        inside += [EMPTY, *more] if more else []
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


def _layers(layers: Sequence[LayerModes]) -> list[Line]:
    """Mean and deviation of what each layer puts out, before norm, Dropout and activation."""
    rows = [_inside_head("mean ± std", "train()", "eval()")]
    for layer in layers:
        both = (_moments(layer.train_mean, layer.train_std), _moments(layer.eval_mean, layer.eval_std))
        rows.append(_inside_row(layer.name, *both))
    return rows


def _norms(norms: Sequence[NormModes]) -> list[Line]:
    """Mean and deviation that each BatchNorm normalizes with, and how far apart the means are."""
    rows = [_inside_head("BatchNorm by", "the batch", "running", "apart")]
    for norm in norms:
        batch, name = _moments(norm.batch_mean, norm.batch_std), norm.name.removesuffix(".norm")
        if norm.running_mean is None or norm.running_std is None or norm.apart is None:
            rows.append(_inside_row(name, batch, "the batch"))
        else:
            running = _moments(norm.running_mean, norm.running_std)
            rows.append(_inside_row(name, batch, running, f"{norm.apart:.2f} σ"))
    return rows


def _moments(mean: float, std: float) -> str:
    return f"{mean:z.2f} ± {std:.2f}"


def _inside_head(what: str, train: str, evaluated: str, apart: str = "") -> Line:
    return line((left(what, INSIDE_NAME), "bold"), (_inside_values(train, evaluated, apart), MUTED))


def _inside_row(name: str, train: str, evaluated: str, apart: str = "") -> Line:
    return line((left(name, INSIDE_NAME), ""), (_inside_values(train, evaluated, apart), ""))


def _inside_values(train: str, evaluated: str, apart: str) -> str:
    return right(train, INSIDE) + right(evaluated, INSIDE) + (right(apart, APART) if apart else "")


def _dropped(modes: Modes) -> list[Line]:
    rows = [_inside_head("Dropout blanks", "train()", "eval()")]
    for name, part in modes.dropped.items():
        told = right(f"{100 * part:.1f} %", INSIDE)
        rows.append(line((left(name, INSIDE_NAME), ""), (told, ""), (right("nothing", INSIDE), FAINT)))
    return rows
