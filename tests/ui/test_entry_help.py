"""? on a row of the stack: all that the catalog knows of it."""

from __future__ import annotations

import pytest

from regtui.catalog import REGULARIZERS
from regtui.scenario import Scenario
from regtui.ui.entry_help import row_lines
from regtui.ui.settings import stack_rows
from regtui.ui.text import plain, width


@pytest.mark.parametrize("room", [44, 90])
def test_every_entry_tells_what_it_does_what_to_watch_and_where_it_comes_from(ladder: Scenario, room: int) -> None:
    arm = ladder.arms[0]
    found = 0
    for row in stack_rows(arm):
        if row.regularizer is None:
            continue
        rows = row_lines(row, arm, room)
        text = "".join("".join(map(plain, rows)).split())
        record, found = row.regularizer, found + 1
        for said in (record.summary, record.watch, record.paper, *(param.summary for param in record.params)):
            assert "".join(said.split()) in text, record.name
        assert max(map(width, rows)) <= max(room, *(len(word) for word in record.paper.split()))
    assert found > len(REGULARIZERS) / 2


def test_the_model_and_the_data_are_told_and_what_has_no_record_is_not(ladder: Scenario) -> None:
    arm = ladder.arms[0]
    told = {row.key: row_lines(row, arm, 80) for row in stack_rows(arm, frozenset({"model", "train"}))}
    assert plain(told["model"][0]).startswith("6-conv CNN ─") and told["model.width"] == told["model"]
    assert any("Xiao, Rasul, Vollgraf 2017" in plain(row) for row in told["data"])
    assert told["train"] == told["train.lr"] == []


async def test_help_in_the_stack_begins_with_the_row_under_the_cursor(explore) -> None:
    async with explore() as user:
        user.app.query_one("#stack-rows").focus()
        await user.settle()
        row = user.app.query_one("#stack-rows").selected
        await user.press("question_mark")
        await user.sees(f"{row.regularizer.title} ─", "Watch ", "From ", "Acts at ")
