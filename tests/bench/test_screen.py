"""The explorer in the terminal of the benchmark: what is waited for is what it shows."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("pty", reason="there are no pseudo-terminals here")

from regtui.bench import screen


@pytest.fixture
def environ(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    monkeypatch.setenv("SSH_CONNECTION", "somewhere else")
    monkeypatch.setenv("NO_COLOR", "1")
    return screen._environ(tmp_path)


def test_the_session_of_the_benchmark_itself_changes_nothing(environ: dict[str, str]) -> None:
    assert "SSH_CONNECTION" not in environ and "NO_COLOR" not in environ
    assert environ["XDG_DATA_HOME"] == environ["XDG_CONFIG_HOME"], "runs and settings of the user are out of reach"


def test_the_question_is_there_before_the_whole_picture(environ: dict[str, str]) -> None:
    found = screen._paints(environ, rounds=1)
    paint = found["paint_ms"]
    assert 0 < paint["first"] <= paint["full"] and paint["empty_app"] > 0
    assert found["first_paint_over_empty"] == pytest.approx(paint["first"] / paint["empty_app"], abs=0.02)
