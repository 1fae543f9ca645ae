"""BatchNorm laid open, as lines: how far each layer's statistics are from the truth, and the channels of one layer."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence

from regtui.events import NormTruth, Recalibrated
from regtui.modes import Mode
from regtui.norm_truth import Distance, LayerTruth
from regtui.ui.text import BAD, EMPTY, FAINT, GOOD, MUTED, STRONG, Fragment, Line, left, line, plain, right, wrapped

NAME = 16
"""Cells of a layer's name with its mark."""
PART = 8
"""Cells of one of the three figures of a distance."""
LARGEST = 100.0
"""Spreads beyond this are as good as infinite, and their exponential soon is."""
MOST = 12
"""Layers that are listed, those around the chosen one: the channels below stay in sight."""
CHANNEL = 4
WIDEST, NARROWEST = 11, 7
"""Cells of a number of a channel."""
TRUE = 0.02
"""Distances below this, 2 % or 0.02 deviations, are the truth for all that evaluation could tell."""


def truth_lines(truth: NormTruth, chosen: int, room: int, *, mode: Mode = "train") -> list[Line]:
    """Sentence, layers, and the channels of the layer of that number; `mode` is what its run trains in."""
    layer = truth.layers[chosen]
    return [
        *wrapped(conclusion(truth.layers), room, STRONG),
        EMPTY,
        *_layers(truth, chosen),
        EMPTY,
        *_channels(layer, room),
        EMPTY,
        *wrapped(memory(layer, mode), room, MUTED),
    ]


def conclusion(layers: Sequence[LayerTruth]) -> str:
    """One sentence from the numbers: where the running statistics are furthest from the truth."""
    found = [(layer, layer.running_off) for layer in layers if layer.running_off is not None]
    if not found:
        return "No layer keeps running statistics: evaluation, too, normalizes with the batch that it is given."
    broken = [short_name(layer) for layer, off in found if not all(map(math.isfinite, (off.mean, off.var, off.spread)))]
    if broken:
        return f"Not finite in {', '.join(broken)}: the run has diverged."
    worst, off = max(found, key=lambda pair: max(pair[1].spread, pair[1].mean))
    if off.spread < TRUE and off.mean < TRUE:
        return "The running statistics are those of the whole training set, to within 2 % in every layer."
    return (
        f"Furthest from the truth is {short_name(worst)}: the running variance is {off.var:.2f} times that of the "
        f"training set, single channels {percent(off)}, and its mean {off.mean:.2f} σ off. "
        + cause(off, worst.batch_off)
    )


def cause(running: Distance, batch: Distance) -> str:
    """What the batch says of why the running variance is off: it is made of such batches, or behind them."""
    shift, whole = (math.log(max(off.var, sys.float_info.min)) for off in (batch, running))
    if abs(shift) > abs(whole - shift):
        return "This training batch is as far off: it passed Dropout and augmentation, or is noisy."
    return "This training batch is nearer: the running value lags behind, or was made of noisier batches."


def memory(layer: LayerTruth, mode: Mode = "train") -> str:
    """How far back the running statistics of a layer reach."""
    if layer.running is None:
        return "It keeps no running statistics."
    if layer.frozen:
        return "Frozen: training, too, normalizes with the running statistics, which stay as they are."
    if mode == "eval":
        return f"Not updated while the run trains in eval(): {layer.batches:,} batches were taken in before."
    if layer.momentum is None:
        return f"No momentum: the plain mean over all {layer.batches:,} batches so far, half of that old on average."
    if not layer.momentum:
        return "Momentum 0: no batch is ever taken in."
    left_over = (1 - layer.momentum) ** layer.batches
    trace = f"{100 * left_over:.2g} %" if left_over >= 5e-5 else "nothing"
    return (
        f"Momentum {layer.momentum:g}: the batch of k steps ago counts m(1-m)^(k-1), so running values are on average "
        f"1/m = {1 / layer.momentum:.3g} steps behind the weights. After {layer.batches:,} batches {trace} is left of "
        "the 0 and 1 that it began with."
    )


def recalibrated_lines(told: Recalibrated | None, room: int) -> list[Line]:
    """What measuring the running statistics anew did, empty where nobody asked."""
    if told is None:
        return []
    if told.before is None or told.after is None:
        return [*wrapped(told.trouble, room, BAD), EMPTY]
    gain = told.after.accuracy - told.before.accuracy
    style = GOOD if gain > 0 else BAD if gain < 0 else STRONG
    result = (
        f"Recalibrated after step {told.step} on {told.samples:,} clean training samples: {told.split} accuracy "
        f"{told.before.accuracy:.1f} → {told.after.accuracy:.1f} % ({gain:+.1f} points), loss {told.before.loss:.3f} → "
        f"{told.after.loss:.3f} nats; {told.changed:.1f} % of {told.judged:,} guesses changed."
    )
    note = "Measured on a copy: the run keeps its running statistics."
    return [*wrapped(result, room, style), *wrapped(note, room, FAINT), EMPTY]


def layer_of(row: Line, truth: NormTruth) -> int | None:
    """The number of the layer whose row this is, None for any other row."""
    name = plain(row)[2:NAME].strip()
    return next((number for number, layer in enumerate(truth.layers) if name and short_name(layer) == name), None)


def short_name(layer: LayerTruth) -> str:
    return layer.name.removesuffix(".norm")


def percent(off: Distance) -> str:
    """The typical error of a channel's variance: ±8 %, or ×3.1 where a share says little."""
    factor = math.exp(min(off.spread, LARGEST))
    return f"±{100 * (factor - 1):.0f} %" if factor < 2 else f"×{factor:.3g}"


def _layers(truth: NormTruth, chosen: int) -> list[Line]:
    """A row a layer: running statistics against the truth, and one batch against it."""
    pair = ("mean", "var", "channel")
    rows = [
        line(" " * NAME, _above("running : truth", 3 * PART), _above("one batch : truth", 3 * PART)),
        line((left("  layer", NAME), MUTED), *((right(part, PART), MUTED) for part in (*pair, *pair))),
    ]
    count = len(truth.layers)
    first = min(max(chosen - MOST // 2, 0), max(count - MOST, 0))
    for number, layer in list(enumerate(truth.layers))[first : first + MOST]:
        is_chosen = number == chosen
        mark = ("▸ ", "bold $accent") if is_chosen else ("  ", "")
        name = (left(short_name(layer), NAME - 2), "bold" if is_chosen else "")
        rows.append(line(mark, name, (_distance(layer.running_off), ""), (_distance(layer.batch_off), MUTED)))
    if count > MOST:
        rows.append(line((f"  layers {first + 1}-{first + MOST} of {count}", FAINT)))
    return rows


def _distance(off: Distance | None) -> str:
    parts = ("-", "-", "-") if off is None else (f"{off.mean:.2f} σ", f"×{off.var:.2f}", percent(off))
    return "".join(right(part, PART) for part in parts)


def _channels(layer: LayerTruth, room: int) -> list[Line]:
    """The channels that are told, in columns of one number of decimals each for means and variances."""
    cells = max(NARROWEST, min(WIDEST, (room - CHANNEL) // 8))
    shown = len(layer.whole.mean)
    which = f"{layer.channels} channels" if shown == layer.channels else f"channels 1-{shown} of {layer.channels}"
    about = f"{which}; n = {layer.count:,} values a channel in the batch, {layer.set_count:,} in the set"
    running = layer.running
    means = [running.mean if running else None, layer.batch.mean, layer.whole.mean]
    variances = [
        running.var if running else None,
        layer.batch.var,
        layer.batch.biased(layer.count),
        layer.whole.var,
        layer.whole.biased(layer.set_count),
    ]
    head = [
        *wrapped(about, room, MUTED, line((f"{short_name(layer)}  ", "bold"))),
        line((" " * CHANNEL, ""), _above("mean", 3 * cells), _above("variance", 5 * cells)),
        line(
            (" " * CHANNEL, ""),
            *((right(name, cells), MUTED) for name in ("running", "batch", "truth")),
            *((right(name, cells), MUTED) for name in ("running", "batch", "biased", "truth", "biased")),
        ),
    ]  # fmt: skip
    styles = ("$primary", "", "bold", "$primary", "", FAINT, "bold", FAINT)
    columns = [_column(values, digits, cells, shown)
               for group in (means, variances) for digits in [_digits(group, cells)] for values in group]  # fmt: skip
    rows = [
        line((right(str(at + 1), CHANNEL), MUTED), *zip((column[at] for column in columns), styles, strict=True))
        for at in range(shown)
    ]
    return [*head, *rows]


def _above(title: str, cells: int) -> Fragment:
    """A title over a group of columns, with a rule that says how far it reaches."""
    return "  " + f" {title} ".center(cells - 2, "─"), FAINT


def _digits(group: Sequence[Sequence[float] | None], cells: int) -> int:
    """Decimals that show three figures of the middle one of these numbers and let the largest fit into its column."""
    sizes = sorted(abs(value) for values in group if values for value in values if math.isfinite(value) and value)
    if not sizes:
        return 3
    wanted = 2 - math.floor(math.log10(sizes[len(sizes) // 2]))
    whole = max(math.floor(math.log10(sizes[-1])), 0) + 1
    return min(max(wanted, 0), 5, max(cells - whole - 3, 0))  # a sign, a point, and a space between columns


def _column(values: Sequence[float] | None, digits: int, cells: int, rows: int) -> list[str]:
    return [right("-" if values is None else f"{values[at]:z.{digits}f}", cells) for at in range(rows)]
