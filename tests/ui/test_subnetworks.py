"""Sub-networks as lines: one axis for all of them, whatever the numbers are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regtui.events import Subnetworks
from regtui.ui.subnetworks import NAME, subnetworks_lines
from regtui.ui.text import plain, width

percents = st.floats(0, 100)


def found(accuracies: list[float], vote: float, calm: float, step: int = 1) -> Subnetworks:
    votes = [(1, sum(accuracies) / len(accuracies)), (len(accuracies), vote)]
    return Subnetworks(ask="?", step=step, samples=200, accuracies=accuracies, votes=votes, eval_accuracy=calm)


@given(st.lists(percents, min_size=1, max_size=40), percents, percents, st.integers(40, 190))
def test_any_numbers_fit_into_any_room(accuracies: list[float], vote: float, calm: float, room: int) -> None:
    one = found(accuracies, vote, calm)
    rows = subnetworks_lines(one, [one], room)
    assert max(map(width, rows)) <= room
    assert not any(plain(row).strip().startswith("%") for row in rows), "a number and its unit are in one row"
    marks = "".join(plain(row) for row in rows)
    assert marks.count("◆") == 1 and marks.count("●") == 2


@pytest.mark.parametrize("room", [72, 110])
def test_the_signs_stand_where_their_numbers_are(room: int) -> None:
    rows = [plain(row) for row in subnetworks_lines(found([50.0, 60.0], 70.0, 90.0), [], room)]
    bars, one, vote, calm = (next(row for row in rows if row.startswith(name))
                             for name in ("each alone", "mean of 1", "mean of 2", "eval()"))  # fmt: skip
    first, last = min(bars.index(c, NAME) for c in bars[NAME:] if c in "▁▂▃▄▅▆▇█"), bars.rindex("█")
    assert first < one.index("●") < last < vote.index("●") < vote.index("│") == calm.index("◆")


def test_the_course_has_a_row_a_step() -> None:
    course = [found([50.0, 60.0], 70.0, 90.0, step) for step in range(10, 200, 10)]
    rows = [plain(row).split() for row in subnetworks_lines(course[-1], course, 80)]
    assert rows[-1] == ["190", "55.0", "50.0", "60.0", "70.0", "90.0"]
    assert ["step", "alone", "from", "to", "vote", "eval()"] in rows and ["100"] not in [row[:1] for row in rows]
