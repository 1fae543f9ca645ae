"""What the stack does to a training batch, as lines of the script's `augment`."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from regtui.data import FASHION_CLASSES, TILE
from regtui.export.script import pieces
from regtui.spec import RunSpec, StackEntry

_MOTIONS = ("crop", "flip", "vertical_flip", "rotation", "affine")
_TARGETS = ("mixup", "label_smoothing")


def acting(spec: RunSpec) -> list[StackEntry]:
    """The entries that change batches, in the order of the stack."""
    return [entry for entry in spec.stack if entry.name in (*_MOTIONS, *_TARGETS)]


def motion_helpers(spec: RunSpec) -> Iterator[str]:
    """The functions that the motions of a run need, test pictures included."""
    names = {entry.name for entry in acting(spec) if entry.name in _MOTIONS}
    shifted = not spec.data.test_shift.is_identity
    if not names and not shifted:
        return
    yield pieces.MATRIX
    if shifted or any(len(row) > 1 for row in _rows(spec)):
        yield pieces.COMPOSE
    if shifted or names & {"flip", "vertical_flip"}:
        yield pieces.MIRROR
    if "crop" in names:
        yield pieces.SHIFT
    if shifted or names & {"rotation", "affine"}:
        yield pieces.AFFINE


def draws(spec: RunSpec) -> str:
    """One line for each generator that `augment` draws from."""
    lines = [f'{_name(entry)} = generator("{entry.key}")' for entry in acting(spec) if entry.name != "label_smoothing"]
    return "\n".join(lines)


def augment(spec: RunSpec) -> str:
    """The function `augment`, or "" where the stack leaves batches as they are."""
    entries = acting(spec)
    if not entries:
        return ""
    # A lone label smoothing asks nothing of the pictures.
    count = ["count = len(images)"] if any(entry.name != "label_smoothing" for entry in entries) else []
    lines = ['"""What only training batches go through: each picture by draws of its own."""', *count]
    if any(entry.name in _TARGETS for entry in entries):
        lines.append(f"targets = F.one_hot(labels, {len(FASHION_CLASSES)}).float()")
    for is_motion, group in groupby(entries, key=lambda entry: entry.name in _MOTIONS):
        row = list(group)
        if is_motion:
            lines += _moved(row)
        else:
            for entry in row:
                lines += _mixed(entry) if entry.name == "mixup" else _smoothed(entry)
    targets = "targets" if any(entry.name in _TARGETS for entry in entries) else "labels"
    body = "\n".join(f"    {line}" for line in [*lines, f"return images, {targets}"])
    return f"\ndef augment(images, labels):\n{body}\n"


def _rows(spec: RunSpec) -> list[list[StackEntry]]:
    """Neighbouring motions, which are resampled once."""
    grouped = groupby(acting(spec), key=lambda entry: entry.name in _MOTIONS)
    return [list(group) for is_motion, group in grouped if is_motion]


def _name(entry: StackEntry) -> str:
    return f"{entry.name}_draws"


def _moved(row: list[StackEntry]) -> list[str]:
    lines: list[str] = []
    for i, entry in enumerate(row):
        drawn, motion = _motion(entry)
        lines += drawn
        lines.append(f"motion = compose(motion, {motion})" if i else f"motion = {motion}")
    return [*lines, "images = warp(images, motion)"]


def _motion(entry: StackEntry) -> tuple[list[str], str]:
    """The lines that draw, and the expression of the (B, 2, 3) motion."""
    params = {key: float(value) for key, value in entry.params.items()}
    source = f"generator={_name(entry)}"
    match entry.name:
        case "crop":
            reach = int(params["padding"])
            drawn = f"right, down = (torch.rand((2, count), {source}) * {2 * reach + 1}).floor() - {reach}"
            return [drawn], "shift(right, down)"
        case "flip":
            return [], f"mirror(torch.rand(count, {source}) < {params['p']!r})"
        case "vertical_flip":
            return [], f"mirror(torch.rand(count, {source}) < {params['p']!r}, x=1.0, y=-1.0)"
        case "rotation":
            drawn = f"angle = torch.rand(count, {source}) * 2 - 1"
            still = "torch.zeros(count), torch.zeros(count), torch.ones(count)"
            return [drawn], f"affine(angle * {params['degrees']!r}, {still})"
        case _:
            drawn = f"angle, right, down, size = torch.rand((4, count), {source}) * 2 - 1"
            moved = f"right * {params['translate']!r} * {TILE}, down * {params['translate']!r} * {TILE}"
            return [drawn], f"affine(angle * {params['degrees']!r}, {moved}, 1 + size * {params['scale']!r})"


def _mixed(entry: StackEntry) -> list[str]:
    """MixUp: each picture keeps the larger share of itself and takes the rest from its neighbour in a random ring."""
    alpha, p = float(entry.params["alpha"]), float(entry.params["p"])
    return [
        "# MixUp: each keeps the larger share of itself; the rest is its neighbour in a random ring, arXiv:1710.09412",
        f"draws = torch.rand((9, count), generator={_name(entry)})  # the run draws nine a picture and uses four",
        "order = draws[1].argsort()",
        "partner = order.roll(1)[order.argsort()]",
        f"share = symmetric_beta({alpha!r}, draws[2:4])",
        f"share = torch.where(draws[0] < {p!r}, torch.maximum(share, 1 - share), 1)",
        "images = images[partner].lerp(images, share[:, None, None, None])",
        "targets = targets[partner].lerp(targets, share[:, None])",
    ]


def _smoothed(entry: StackEntry) -> list[str]:
    epsilon = float(entry.params["epsilon"])
    return [
        f"epsilon = torch.tensor({epsilon!r})  # label smoothing",
        f"targets = targets * (1 - epsilon) + epsilon / {len(FASHION_CLASSES)}",
    ]
