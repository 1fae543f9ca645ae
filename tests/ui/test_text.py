"""Lines of text: what must not be torn apart at the end of a row."""

from __future__ import annotations

import pytest

from regtui.ui.text import plain, wrapped


@pytest.mark.parametrize("room", range(18, 60))
def test_a_number_keeps_its_unit_and_an_interval_both_its_ends(room: int) -> None:
    rows = [plain(row) for row in wrapped("It leads by 11.9 points [-10.5, 13.4], at 79.6 % of them.", room)]
    assert max(map(len, rows)) <= room
    assert any("[-10.5, 13.4]" in row for row in rows)
    assert any("79.6 %" in row for row in rows)
