"""What a folder says to those who watch it: no trial twice, none before its line is whole."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from sweep_folders import write_folder

from regtui.sweep.following import Following, SweepFolderError, is_sweep
from regtui.sweep.record import BusyError, Folder, Standing, Trial, folder_of, read_plan


def test_trials_are_ranked_and_the_best_so_far_only_rises(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, trials=12, wanted=20)
    sweep = Following(folder.path)
    assert len(sweep.ended) == 12 and sweep.wanted == 20
    assert not sweep.is_alive and sweep.running == [], "the process that had them is gone"
    best = sweep.best_so_far()
    assert best == sorted(best) and sweep.best is not None and best[-1] == sweep.best.validation
    complete = [trial.validation for trial in sweep.ranked() if trial.state == "complete"]
    assert complete == sorted(complete, reverse=True)


def test_only_what_is_new_is_read_and_only_whole_lines(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, trials=3)
    sweep = Following(folder.path)
    assert not sweep.poll()
    version = sweep.version
    with folder.path.joinpath("trials.jsonl").open("a") as file:
        file.write('{"number":9,"params":{},"state":"comp')
        file.flush()
        assert not sweep.poll() and 9 not in sweep.trials
        file.write('lete","validation":99.0}\n')
    assert sweep.poll() and sweep.version > version
    assert sweep.best is not None and sweep.best.number == 9 and sweep.ended[-1] == 9


def test_a_trial_that_ends_counts_once(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, trials=2)
    with folder:
        sweep = Following(folder.path)
        assert sweep.is_alive and [trial.number for trial in sweep.running] == [2, 3]
        for state in ("running", "complete", "complete"):
            folder.write(Trial(number=2, params={}, state=state, validation=1.0))
        assert sweep.poll() and sweep.ended == [0, 1, 2]
        assert [trial.number for trial in sweep.running] == [3]
    assert sweep.poll() and not sweep.is_alive


def test_before_the_first_complete_trial_there_is_no_best(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, trials=0)
    with folder:
        folder.write(Trial(number=0, params={}, state="pruned", validation=3.0))
    sweep = Following(folder.path)
    assert sweep.best is None and len(sweep.best_so_far()) == 1 and math.isnan(sweep.best_so_far()[0])


def test_what_came_out_is_told_once_it_is_done(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, trials=4)
    with folder:
        folder.finish({"arm": "+ dropout", "gain": 2.5, "gain_ci95": [1.0, 4.0], "trials": []})
        sweep = Following(folder.path)
        assert sweep.told is None, "an earlier result is not that of a search under way"
        folder.stand(Standing(wanted=4, phase="done"))
    assert sweep.poll() and sweep.told is not None and sweep.told.gain == 2.5


def test_the_folder_of_a_process_is_found_while_it_works(tmp_path: Path) -> None:
    import os

    folder = write_folder(tmp_path, trials=1)
    assert folder_of(tmp_path, os.getpid()) is None
    with folder:
        assert folder_of(tmp_path, os.getpid()) == folder.path
        assert folder_of(tmp_path, 1) is None


def test_two_processes_do_not_work_on_one_sweep(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, trials=1)
    other = Folder(tmp_path, read_plan(folder.path))
    with folder, pytest.raises(BusyError, match="its folder is"), other:
        pass
    with other:
        assert Following(folder.path).is_alive


def test_a_torn_last_line_of_a_killed_process_swallows_no_other(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, trials=1)
    with folder.path.joinpath("trials.jsonl").open("a") as file:
        file.write('{"number":7,"par')
    with folder:
        folder.write(Trial(number=8, params={}, state="complete", validation=2.0))
    assert Following(folder.path).trials.keys() >= {0, 8}


@pytest.mark.parametrize(("text", "says"), [(None, "cannot be read"), ("{}", "is not the plan of a sweep")])
def test_a_folder_that_is_no_sweep_is_refused(tmp_path: Path, text: str | None, says: str) -> None:
    if text is not None:
        (tmp_path / "sweep.json").write_text(text)
    assert is_sweep(tmp_path) == (text is not None)
    with pytest.raises(SweepFolderError, match=says):
        Following(tmp_path)


NESTED = b'{"more":' + b"[" * 100_000


def test_files_that_nobody_could_have_written_are_passed_over(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, trials=2)
    sweep = Following(folder.path)
    with folder.path.joinpath("trials.jsonl").open("ab") as file:
        file.write(NESTED + b"\n")
    folder.path.joinpath("result.json").write_bytes(NESTED)
    folder.stand(Standing(wanted=4, phase="done"))
    assert sweep.poll() and sweep.told is None and sweep.wanted == 4
    folder.path.joinpath("standing.json").write_bytes(NESTED)
    assert sweep.poll() and sweep.standing == Standing(wanted=0)
    folder.path.joinpath("sweep.json").write_bytes(NESTED)
    with pytest.raises(SweepFolderError, match="nested without end"):
        Following(folder.path)


def test_pipes_in_the_place_of_files_hold_nobody_up(tmp_path: Path) -> None:
    import os

    folder = write_folder(tmp_path, trials=2)
    sweep = Following(folder.path)
    for name in ("trials.jsonl", "standing.json"):
        folder.path.joinpath(name).unlink(missing_ok=True)
        os.mkfifo(folder.path / name)
    sweep.poll()
    assert len(sweep.ended) == 2 and sweep.standing == Standing(wanted=0)
