"""Lines of text: what must not be torn apart at the end of a row."""

from __future__ import annotations

import pytest

from regtui.catalog import REGULARIZERS
from regtui.ui.panes.pane import title_line
from regtui.ui.text import line, plain, wrapped


@pytest.mark.parametrize("room", range(18, 60))
def test_a_number_keeps_its_unit_and_an_interval_both_its_ends(room: int) -> None:
    rows = [plain(row) for row in wrapped("It leads by 11.9 points [-10.5, 13.4], at 79.6 % of them.", room)]
    assert max(map(len, rows)) <= room
    assert any("[-10.5, 13.4]" in row for row in rows)
    assert any("79.6 %" in row for row in rows)


def test_a_title_without_its_last_part_ends_in_one_space_before_the_rule() -> None:
    title = line(("BatchNorm", "bold"), (" ● ", ""), ("block1.attention", ""))
    assert plain(title_line(title, 24, focused=False)) == "─ BatchNorm ● " + "─" * 10


def test_a_small_bound_is_written_as_one_types_it() -> None:
    epsilon = next(param for param in REGULARIZERS["layernorm"].params if param.name == "eps")
    assert "from 1e-8 to 1" in epsilon.allowed
