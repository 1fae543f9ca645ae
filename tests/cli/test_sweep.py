"""`regtui sweep` with real workers: what it chooses by, what it keeps, what a kill costs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from regtui.scenario import load
from regtui.store import list_runs, replay
from regtui.sweep.record import is_worked_on, read_standing, read_trials
from regtui.sweep.search import HOPELESS

pytest.importorskip("optuna", reason="needs the extra sweep")

SCENARIO = """
title = "t"
section = "dropout"
question = "q"
seeds = 2
[base]
data  = { name = "fashion-mnist", train = 60, validation = 100, test = 50 }
model = { name = "mlp", width = 16, depth = 1 }
train = { epochs = 4, lr = 1e-2, evaluations = 4, probes = 0 }
[[arms]]
name = "plain"
"""


def command(folder: Path, *more: str) -> list[str]:
    (folder / "s.toml").write_text(SCENARIO)
    words = ["sweep", str(folder / "s.toml"), "--over", "train.lr=1e-4:3e-1:log", "--out", str(folder / "out")]
    return [sys.executable, "-m", "regtui", *words, "--workers", "1", "--json", *more]


def swept(folder: Path, *more: str) -> dict[str, Any]:
    done = subprocess.run(command(folder, *more), capture_output=True, text=True, timeout=110)
    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stderr, "what Optuna calls experimental is nothing that the user can act on"
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def test_the_winner_is_that_of_the_validation_split_and_is_a_scenario(tmp_path: Path) -> None:
    result = swept(tmp_path, "--trials", "5", "--over", "dropout.p=0:0.8")
    trials = [trial for trial in result["trials"] if trial["state"] == "complete"]
    assert len(trials) == 5
    best = max(trials, key=lambda trial: (trial["validation"], -trial["number"]))
    assert (result["best"], result["best_trial"]) == (best["params"], best["number"])
    for trial in trials:
        (run,) = trial["runs"]
        last = replay(tmp_path / "out" / run).last
        assert last is not None and last.validation is not None
        assert trial["validation"] == last.validation.accuracy
    winner = load(Path(result["folder"]) / "winner.toml")
    assert [arm.name for arm in winner.arms] == ["plain", "winner"]
    assert winner.arms[1].train.lr == best["params"]["train.lr"]
    assert [row["seeds"] for row in result["test"]] == [2, 2]
    seeds = {replay(tmp_path / "out" / run).spec.seed for row in result["test"] for run in row["runs"]}
    assert seeds == {1, 2}, "the search saw seed 0"
    assert Path(result["script"], "train.py").is_file() and not result["no_script"]
    standing = read_standing(Path(result["folder"]))
    assert (standing.wanted, standing.phase, standing.importance.keys()) == (5, "done", result["importance"].keys())
    runs = len(list(list_runs(tmp_path / "out")))
    again = swept(tmp_path, "--trials", "5", "--over", "dropout.p=0:0.8")
    assert {key: again[key] for key in again if key != "wall_s"} == {k: result[k] for k in result if k != "wall_s"}
    assert len(list(list_runs(tmp_path / "out"))) == runs, "a sweep that is done is told again, not made again"


def test_what_no_script_can_say_is_named_and_the_sweep_is_done(tmp_path: Path) -> None:
    result = swept(tmp_path, "--trials", "2", "--over", "early_stopping.patience=1:9")
    assert result["finished"] and result["script"] is None and "cannot become a plain script" in result["no_script"]


def test_a_search_whose_trials_all_fail_ends_with_the_reason(tmp_path: Path) -> None:
    done = subprocess.run(
        command(tmp_path, "--trials", "40", "--worker", "false"), capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 1 and "the search ends here" in done.stderr and "status 1" in done.stderr
    assert len(json.loads(done.stdout)["trials"]) == HOPELESS


def test_killed_and_started_again_it_loses_no_trial_and_counts_none_twice(tmp_path: Path) -> None:
    out = tmp_path / "out"
    process = subprocess.Popen(
        command(tmp_path, "--trials", "6"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    deadline = time.monotonic() + 100
    while time.monotonic() < deadline:
        folders = list((out / "sweeps").glob("*")) if out.exists() else []
        states = [trial.state for trial in read_trials(folders[0])] if folders else []
        if states.count("complete") >= 2 and "running" in states:
            break
        time.sleep(0.02)
    else:
        pytest.fail("the sweep did not get to its third trial")
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    before = {trial.number: trial for trial in read_trials(folders[0])}
    assert not is_worked_on(folders[0])
    result = swept(tmp_path, "--trials", "6")
    complete = [trial for trial in result["trials"] if trial["state"] == "complete"]
    assert len(complete) == 6
    for number, trial in before.items():
        if trial.state == "complete":
            assert [t["runs"] for t in complete if t["number"] == number] == [list(trial.runs)]
        else:
            values = [t["params"] for t in complete]
            assert trial.params in values, "the trial that was cut off is made again with its values"
            assert [t["state"] for t in result["trials"] if t["number"] == number] == ["interrupted"]
    assert len({trial["number"] for trial in complete}) == 6


def test_whoever_watches_can_stop_it_and_the_same_command_goes_on(tmp_path: Path) -> None:
    process = subprocess.Popen(
        command(tmp_path, "--trials", "500"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 100
    while not (folders := list((tmp_path / "out" / "sweeps").glob("*"))) or not read_trials(folders[0]):
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.02)
    words = [sys.executable, "-m", "regtui", "stop", str(folders[0])]
    stopped = subprocess.run(words, capture_output=True, text=True, timeout=60)
    assert stopped.returncode == 0 and "stopped; the command that began it goes on" in stopped.stdout
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 130 and not json.loads(said)["finished"]
    assert swept(tmp_path, "--trials", "2")["finished"], "what asked for the end asks no other process"


def test_hopeless_trials_are_given_up(tmp_path: Path) -> None:
    longer = [
        f"--set={key}" for key in ("data.train=600", "train.epochs=27", "train.evaluations=9", "train.batch_size=8")
    ]
    result = swept(tmp_path, "--trials", "10", "--pruner", "asha", *longer)
    pruned = [trial for trial in result["trials"] if trial["state"] == "pruned"]
    assert pruned and len(result["trials"]) == 10
    for trial in pruned:
        assert replay(tmp_path / "out" / trial["runs"][0]).state == "stopped"
    assert result["best_trial"] not in {trial["number"] for trial in pruned}


def test_a_grid_is_all_its_values(tmp_path: Path) -> None:
    result = swept(tmp_path, "--sampler", "grid", "--over", "train.optimizer=sgd,adamw", "--set", "train.epochs=1")
    found = {(trial["params"]["train.lr"], trial["params"]["train.optimizer"]) for trial in result["trials"]}
    assert len(found) == 10 and len(result["trials"]) == 10


@pytest.mark.parametrize(("more", "says"), [
    (["--over", "dropout.p=0:2"], "allowed is a number from 0 below 1"),
    (["--set", "data.validation=0"], "a sweep chooses on the validation split"),
    (["--arm", "no such"], "is not an arm"),
])  # fmt: skip
def test_wrong_usage_starts_nothing(tmp_path: Path, more: list[str], says: str) -> None:
    done = subprocess.run(command(tmp_path, *more), capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and says in done.stderr and "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists() or not list(list_runs(tmp_path / "out"))
