"""An arm as one line for the shell: what the line runs is the arm."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from regtui.cli.parser import parse
from regtui.cli.run import configured
from regtui.events import Marker
from regtui.export.command import command_line
from regtui.export.settings import flat
from regtui.scenario import find, load
from regtui.session import Session


@pytest.fixture
def session() -> Session:
    return Session(load(find("ladder")))


def meant(line: str) -> tuple[dict[str, object], int, str]:
    """Settings of the one arm that a line runs, its seeds and its scenario, as `regtui run` reads them."""
    arguments = parse(shlex.split(line)[1:])
    (arm,) = configured(load(find(arguments.scenario)), arguments).arms
    return dict(flat(arm)), arguments.seeds, arguments.scenario


def test_a_preset_arm_needs_no_settings(session: Session) -> None:
    copied = command_line(session, "+ dropout", 3)
    assert copied.line == "regtui run overfitting/ladder --arm '+ dropout' --seeds 3"
    assert copied.line in copied.sentence and "OSC 52" in copied.sentence


def test_an_edited_arm_is_the_same_arm_once_the_line_is_run(session: Session) -> None:
    own = session.change("+ augment", "dropout.p", 0.45).name
    for key, value in (("affine.degrees", 12.5), ("train.lr", 1e-5), ("train.optimizer", "sgd"), ("model.width", 4),
                       ("data.test_shift.mirror", 0.25), ("batchnorm.mask", False)):  # fmt: skip
        session.change(own, key, value)
    copied = command_line(session, own, 2)
    settings, seeds, scenario = meant(copied.line)
    assert (settings, seeds, scenario) == (flat(session.arm(own)), 2, "overfitting/ladder")


def test_the_nearest_preset_arm_is_named_also_after_a_regularizer_went(session: Session) -> None:
    own = session.toggle("+ BatchNorm", "batchnorm").name
    assert command_line(session, own, 1).line == "regtui run overfitting/ladder --arm '+ dropout' --seeds 1"


def test_a_stack_that_no_preset_arm_has_is_named_and_not_copied(session: Session) -> None:
    own = session.toggle("+ dropout", "label_smoothing").name
    copied = command_line(session, own, 1)
    assert copied.line == "" and "has label_smoothing compared with + dropout" in copied.sentence


def test_the_line_of_a_steered_arm_says_so_in_a_comment(session: Session) -> None:
    own = session.change("baseline", "train.lr", 0.001).name
    (request,) = session.request([own], [0])
    session.take(Marker(run=request.run, step=40, kind="set", key="train.lr", value=0.002))
    session.steer(own, "train.lr", 0.002)
    line = command_line(session, own, 1).line
    command, _, comment = line.partition("  # ")
    assert "steered while it trained (train.lr=0.002 at step 40)" in comment
    assert meant(command)[0]["train.lr"] == 0.002


def test_the_line_of_an_arm_that_was_switched_to_eval_says_what_it_cannot_repeat(session: Session) -> None:
    (request,) = session.request(["baseline"], [0])
    session.take(Marker(run=request.run, step=40, kind="set", key="train.mode", value="eval"))
    line = command_line(session, "baseline", 1).line
    assert "train.mode=eval at step 40" in line and line.endswith("and in train mode")


def test_a_scenario_of_the_users_own_is_named_by_its_file(tmp_path: Path) -> None:
    path = tmp_path / "my scenario.toml"
    path.write_text('title = "T"\nsection = "dropout"\nquestion = "Q"\n[[arms]]\nname = "a"\n')
    session = Session(load(path), device="cpu", threads=2, precision="bf16")
    line = command_line(session, "a", 1).line
    assert shlex.split(line)[2] == str(path) and meant(line)[1] == 1
    assert line.endswith("--device cpu --threads 2 --precision bf16")
