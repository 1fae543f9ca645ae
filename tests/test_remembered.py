"""The state file: whatever it holds, the explorer starts."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regtui.remembered import MOST_BYTES, Remembered, recall, remember


def test_what_was_remembered_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "regtui" / "session.json"
    state = Remembered(scenario="dropout/how-much", theme="light", pane=2, large=True, statistic="mean", inside=3)
    remember(path, state)
    assert recall(path) == (state, "") and [each.name for each in path.parent.iterdir()] == ["session.json"]
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_nothing_remembered_is_no_news(tmp_path: Path) -> None:
    assert recall(tmp_path / "session.json") == (Remembered(), "")


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"\xff\xfe", b'{"scenario": 7}', b'{"pane": 0}', b'{"statistic": "median"}', b"[" * 50_000,
     b" " * (MOST_BYTES + 1)],
)  # fmt: skip
def test_a_damaged_file_is_ignored_with_a_notice(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "session.json"
    path.write_bytes(content)
    state, notice = recall(path)
    assert state == Remembered() and str(path) in notice and "\n" not in notice
    remember(path, Remembered(scenario="x"))
    assert recall(path)[0].scenario == "x", "the next end of the explorer replaces it"


@given(st.binary(max_size=200))
def test_no_content_stops_the_start(content: bytes) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "session.json")
        path.write_bytes(content)
        assert isinstance(recall(path)[0], Remembered)


def test_a_place_that_cannot_be_read_or_written_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "session.json").mkdir()
    assert "was ignored" in recall(tmp_path / "session.json")[1]
    remember(tmp_path / "session.json", Remembered())
    (tmp_path / "file").write_text("")
    remember(tmp_path / "file" / "session.json", Remembered())
