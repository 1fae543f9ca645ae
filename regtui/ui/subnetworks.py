"""Sub-networks as lines: each one's accuracy, their vote and eval mode on one axis, and how that changed over steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from regtui.events import Subnetworks
from regtui.ui.text import EMPTY, FAINT, MUTED, STRONG, Line, left, line, right, wrapped

NAME, VALUE = 14, 8
"""Cells before and after the axis."""
BLOCKS = "▁▂▃▄▅▆▇█"
LATEST = 8
"""Rows of the course."""
COLUMNS = ("step", "alone", "from", "to", "vote", "eval()")


def subnetworks_lines(found: Subnetworks, course: Sequence[Subnetworks], room: int) -> list[Line]:
    """Sentence, picture, figures, and the course where there is more than one point of it, oldest first."""
    rows = [*wrapped(conclusion(found), room, STRONG), EMPTY, *_picture(found, room), EMPTY, *_figures(found, room)]
    return [*rows, EMPTY, *_course(course)] if len(course) > 1 else rows


def conclusion(found: Subnetworks) -> str:
    """One sentence: one of them, all of them, and the whole network."""
    what = "members of the bag" if found.members else "sub-networks of the same weights"
    count, vote = found.votes[-1]
    return (
        f"{len(found.accuracies)} {what}, {found.samples} {found.split} samples: each alone {alone(found):.1f} % right "
        f"on average, {min(found.accuracies):.1f} to {max(found.accuracies):.1f}; all {count} averaged {vote:.1f} %; "
        f"eval() {found.eval_accuracy:.1f} %."
    )


def alone(found: Subnetworks) -> float:
    """Mean accuracy of one, percent."""
    return sum(found.accuracies) / len(found.accuracies)


def _picture(found: Subnetworks, room: int) -> list[Line]:
    """How many have which accuracy, above the vote of 1, 2, 4 ... of them and eval mode, on one axis."""
    cells = max(room - NAME - VALUE, 16)
    values = [*found.accuracies, *(vote for _, vote in found.votes), found.eval_accuracy]
    low, high = min(values), max(values)
    margin = max((high - low) * 0.04, 0.5)
    low, high = max(low - margin, 0.0), min(high + margin, 100.0)

    def at(value: float) -> int:
        return min(int((value - low) / (high - low) * cells), cells - 1)

    counts = [0] * cells
    for value in found.accuracies:
        counts[at(value)] += 1
    most = max(counts)
    bars = "".join(BLOCKS[round(count / most * (len(BLOCKS) - 1))] if count else " " for count in counts)
    level = at(found.eval_accuracy)
    start = f"{low:.1f} %"
    rows = [
        line((left("accuracy", NAME), "bold"), (start + right(f"{high:.1f} %", cells - len(start)), MUTED)),
        line((left("each alone", NAME), ""), (bars, "$primary")),
    ]
    for count, vote in found.votes:
        signs = {level: ("│", FAINT), at(vote): ("●", "bold $primary")}
        name, told = left(f"mean of {count}", NAME), right(f"{vote:.1f} %", VALUE)
        rows.append(line((name, ""), *_placed(signs, cells), (told, "")))
    rows.append(
        line((left("eval()", NAME), ""), *_placed({level: ("◆", "bold $accent")}, cells),
             (right(f"{found.eval_accuracy:.1f} %", VALUE), ""))
    )  # fmt: skip
    return rows


def _placed(signs: Mapping[int, tuple[str, str]], cells: int) -> Line:
    """Signs at their places in a row of so many cells."""
    parts: list[tuple[str, str]] = []
    done = 0
    for place in sorted(signs):
        parts += [(" " * (place - done), ""), signs[place]]
        done = place + 1
    return line(*parts, " " * (cells - done))


def _figures(found: Subnetworks, room: int) -> list[Line]:
    text = (
        f"Loss: alone {found.loss_alone:.3f}, voted {found.loss_voted:.3f}, eval() {found.eval_loss:.3f} nats. Two of "
        f"them put {found.disagreement:.1f} % of the samples into different classes."
    )
    return wrapped(text, room, MUTED)


def _course(course: Sequence[Subnetworks]) -> list[Line]:
    """The latest points, a row each."""
    rows = [line(*((right(name, 9), MUTED) for name in COLUMNS))]
    for one in course[-LATEST:]:
        values = (alone(one), min(one.accuracies), max(one.accuracies), one.votes[-1][1], one.eval_accuracy)
        rows.append(line((right(str(one.step), 9), MUTED), *((right(f"{value:.1f}", 9), "") for value in values)))
    return rows
