"""The command that begins a sweep around an arm, and the process that obeys it."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from regtui.cli.parser import parse
from regtui.scenario import ScenarioError, find, load
from regtui.session import Session
from regtui.sweep.space import parse_space
from regtui.sweep.starting import SweepProcess, suggested, sweep_words


def session() -> Session:
    return Session(load(find("overfitting/ladder")))


@pytest.mark.parametrize("arm", ["baseline", "+ dropout", "+ augment"])
def test_what_is_suggested_can_be_searched(arm: str) -> None:
    found = session()
    _, space = parse_space(suggested(found.arm(arm)).split(), found.arm(arm))
    assert 1 <= len(space) <= 2


def test_the_command_says_the_arm_as_it_is_now() -> None:
    found = session()
    found.change("+ dropout", "train.lr", 0.001)
    words = sweep_words(found, "my stack", "dropout.p=0:0.5 train.lr=1e-4:1e-2:log", "12", "--pruner asha")
    arguments = parse(words)
    assert (arguments.arm, arguments.settings, arguments.trials) == (["+ dropout"], ["train.lr=0.001"], 12)
    assert arguments.over == ["dropout.p=0:0.5", "train.lr=1e-4:1e-2:log"] and arguments.pruner == "asha"


@pytest.mark.parametrize(("over", "trials", "more", "says"), [
    ("", "5", "", "names nothing"),
    ("dropout.p=0:3", "5", "", "allowed is a number"),
    ("dropout.p=0:0.5", "many", "", "a whole number"),
    ("dropout.p=0:0.5", "5", "'", "cannot be split"),
])  # fmt: skip
def test_what_is_wrong_is_said_before_anything_begins(over: str, trials: str, more: str, says: str) -> None:
    with pytest.raises(ScenarioError, match=says):
        sweep_words(session(), "+ dropout", over, trials, more)


def test_an_arm_that_no_command_can_say_is_named() -> None:
    found = session()
    found.toggle("+ dropout", "mixup")
    with pytest.raises(ScenarioError, match="another stack"):
        sweep_words(found, "my stack", "dropout.p=0:0.5", "5", "")


def test_the_last_words_of_a_process_that_could_not_begin_are_kept(tmp_path: Path) -> None:
    process = SweepProcess(["sweep", "no-such-scenario", "--over", "dropout.p=0:0.5"], tmp_path)
    deadline = time.monotonic() + 60
    while process.is_alive and time.monotonic() < deadline:
        time.sleep(0.01)
    assert "no-such-scenario" in process.trouble() and process.folder() is None
