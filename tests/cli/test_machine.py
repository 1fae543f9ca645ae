"""How many workers and threads, and what is said where they are too many."""

import pytest

from regtui.cli import machine, parser
from regtui.runner import defaults


@pytest.fixture(autouse=True)
def four_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "cores", lambda: 4)
    monkeypatch.setattr(defaults, "cores", lambda: 4)


def sentence(*words: str) -> str:
    return machine.crowding(parser.parse(["run", "ladder", *words]))


@pytest.mark.parametrize("words", [
    (), ("--workers", "2", "--threads", "2"), ("--threads", "auto"), ("--threads", "8", "--device", "cuda"),
    ("--threads", "8", "--worker", "ssh gpu01 regtui worker"),
])  # fmt: skip
def test_nothing_is_said_where_the_cores_suffice_or_are_not_ours_to_count(words: tuple[str, ...]) -> None:
    assert sentence(*words) == ""


def test_too_many_threads_are_told_with_what_there_is_and_what_to_do() -> None:
    crowded = sentence("--threads", "2", "--workers", "4")
    assert crowded.startswith("4 workers with 2 threads each on 4 cores will ") and "--workers 2" in crowded
    alone = sentence("--threads", "6")
    assert "1 worker with 6 threads each on 4 cores" in alone and "--threads 4" in alone and "--workers" not in alone


@pytest.mark.parametrize(("words", "workers"), [
    ((), 4), (("--threads", "2"), 2), (("--threads", "3"), 1), (("--threads", "6"), 1), (("--threads", "auto"), 1),
    (("--threads", "auto", "--workers", "2"), 2), (("--worker", "ssh gpu01 regtui worker"), 1),
])  # fmt: skip
def test_as_many_workers_as_have_cores_for_their_threads_unless_they_are_counted(
    words: tuple[str, ...], workers: int
) -> None:
    assert machine.worker_count(parser.parse(["run", "ladder", *words])) == workers


@pytest.mark.parametrize("wrong", ["0", "many", "1025", "-1"])
def test_wrong_threads_are_refused(wrong: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        parser.parse(["run", "ladder", f"--threads={wrong}"])
    assert refused.value.code == 2 and "from 1 to 1024" in capsys.readouterr().err
