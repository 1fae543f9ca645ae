"""Lines of text: what must not be torn apart at the end of a row."""

from __future__ import annotations

import textwrap

import pytest
from rich.cells import cell_len

from regtui.catalog import REGULARIZERS
from regtui.ui.panes.pane import title_line
from regtui.ui.text import FAINT, MUTED, broken, line, marked, plain, width, wrapped


@pytest.mark.parametrize("room", range(18, 60))
def test_a_number_keeps_its_unit_and_an_interval_both_its_ends(room: int) -> None:
    rows = [plain(row) for row in wrapped("It leads by 11.9 points [-10.5, 13.4], at 79.6 % of them.", room)]
    assert max(map(len, rows)) <= room
    assert any("[-10.5, 13.4]" in row for row in rows)
    assert any("79.6 %" in row for row in rows)


@pytest.mark.parametrize("text", [
    "過学習とは何か。訓練データを丸暗記すること、つまり gap が 36.4 % もあること！",
    "드롭아웃은 과적합을 줄인다: p = 0.5 에서 5.8 points",
    "e\u0301te\u0301 " * 12 + "résumé",
    "a" * 90 + " 語" * 20,
    "🎲 dice and 漢字 mixed\twith a tab",
])  # fmt: skip
@pytest.mark.parametrize("room", [8, 13, 30, 44])
def test_a_row_is_broken_by_its_cells_and_nothing_is_lost(text: str, room: int) -> None:
    rows = broken(text, room)
    assert all(0 < cell_len(row) <= room for row in rows)
    assert "".join("".join(rows).split()) == "".join(text.split())
    assert not any(row.startswith(("。", "、", "！")) for row in rows)
    assert sum(map(cell_len, rows)) > 0.6 * room * (len(rows) - 1), "no row ends long before it must"


@pytest.mark.parametrize("room", [12, 40])
def test_words_of_one_cell_a_letter_are_broken_as_ever(room: int) -> None:
    for text in ("Dropout narrows the gap by 5.8 ± 4.4 points, half-width, over five paired seeds.", "", "   "):
        assert broken(text, room) == textwrap.wrap(text, room)


def test_the_marked_row_fills_its_room_and_lifts_what_is_faint() -> None:
    row = marked(line(("語", FAINT), ("b", "bold")), 10)
    assert width(row) == 10 and row[0] == ("語", f"{MUTED} on $cursor") and row[1] == ("b", "bold on $cursor")
    assert "on $panel" in marked(line("a"), 4, focused=False)[0][1]


def test_a_title_without_its_last_part_ends_in_one_space_before_the_rule() -> None:
    title = line(("BatchNorm", "bold"), (" ● ", ""), ("block1.attention", ""))
    assert plain(title_line(title, 24, focused=False)) == "─ BatchNorm ● " + "─" * 10


def test_a_small_bound_is_written_as_one_types_it() -> None:
    epsilon = next(param for param in REGULARIZERS["layernorm"].params if param.name == "eps")
    assert "from 1e-8 to 1" in epsilon.allowed
