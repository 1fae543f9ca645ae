"""Quiz scores and seeds run outlast the process, and no accident takes them away unseen."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from regtui.paths import progress_file
from regtui.progress import Progress, Score


def test_what_was_reached_is_there_at_the_next_start(tmp_path: Path) -> None:
    path = tmp_path / "regtui" / "progress.json"
    progress = Progress(path)
    progress.answered("overfitting/ladder", 1, 2)
    progress.ran("overfitting/ladder", 3)
    again = Progress(path)
    assert again.score("overfitting/ladder", 2) == Score(1, 2)
    assert (again.seeds("overfitting/ladder"), again.seeds("dropout/variants")) == (3, 0)
    assert not again.news() and [file.name for file in path.parent.iterdir()] == ["progress.json"]


def test_the_best_result_is_kept() -> None:
    progress = Progress()
    for right in (1, 2, 0):
        progress.answered("a", right, 2)
    for seeds in (1, 5, 2):
        progress.ran("a", seeds)
    assert progress.score("a", 2) == Score(2, 2) and progress.seeds("a") == 5


def test_a_quiz_that_has_changed_counts_as_not_taken() -> None:
    progress = Progress()
    progress.answered("a", 2, 2)
    assert progress.score("a", 3) is None
    progress.answered("a", 1, 3)
    assert progress.score("a", 3) == Score(1, 3)


def test_two_explorers_do_not_undo_each_other(tmp_path: Path) -> None:
    path = tmp_path / "progress.json"
    one, two = Progress(path), Progress(path)
    one.answered("a", 2, 2)
    two.answered("b", 1, 1)
    assert Progress(path).score("a", 2) and Progress(path).score("b", 1)


@pytest.mark.parametrize("content", [b"{", b"\xff\xfe", b'{"quiz": {"a": {"right": 3, "of": 2}}}', b'{"later": 1}'])
def test_a_damaged_file_is_told_and_kept_aside(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "progress.json"
    (tmp_path / "progress.broken-1.json").write_text("an older one")
    path.write_bytes(content)
    progress = Progress(path)
    (said,) = progress.news()
    assert str(path) in said and "progress.broken-2.json" in said
    progress.answered("a", 1, 1)
    assert Progress(path).score("a", 1) == Score(1, 1)
    assert (tmp_path / "progress.broken-2.json").read_bytes() == content
    assert (tmp_path / "progress.broken-1.json").read_text() == "an older one"


def test_a_file_that_cannot_be_written_is_told_once_and_the_score_lasts_until_the_end(tmp_path: Path) -> None:
    (tmp_path / f"progress.json.{os.getpid()}.tmp").mkdir()  # in the way of the temporary file
    progress = Progress(tmp_path / "progress.json")
    progress.answered("a", 1, 1)
    (said,) = progress.news()
    assert "kept only until you quit" in said and str(tmp_path) in said
    progress.answered("b", 1, 1)
    assert not progress.news()
    assert progress.score("a", 1) and progress.score("b", 1)


def test_a_place_that_is_no_directory_is_told(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file where the directory should be")
    progress = Progress(tmp_path / "taken" / "progress.json")
    progress.answered("a", 1, 1)
    assert "cannot be read, so it is not kept" in progress.news()[0] and progress.score("a", 1)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_cannot_be_read_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "progress.json"
    path.write_text('{"seeds": {"a": 5}}')
    path.chmod(0)
    progress = Progress(path)
    progress.ran("b", 1)
    assert "cannot be read" in progress.news()[0] and progress.seeds("b") == 1
    path.chmod(0o600)
    assert Progress(path).seeds("a") == 5


def test_it_lies_beside_the_runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert progress_file() == tmp_path / "regtui" / "progress.json"


def test_two_scores_that_cannot_be_written_last_beside_what_the_file_has(tmp_path: Path) -> None:
    path = tmp_path / "progress.json"
    Progress(path).answered("old", 1, 1)
    progress = Progress(path)
    (tmp_path / f"progress.json.{os.getpid()}.tmp").mkdir()  # in the way of the temporary file
    progress.answered("a", 1, 1)
    progress.answered("b", 1, 1)
    assert all(progress.score(name, 1) for name in ("old", "a", "b"))
    (tmp_path / f"progress.json.{os.getpid()}.tmp").rmdir()
    progress.ran("c", 1)
    assert Progress(path).score("a", 1) and Progress(path).seeds("c") == 1
