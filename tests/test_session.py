"""The comparison: forks, runs, results - without a screen and without torch."""

from pathlib import Path

import msgspec
import pytest

from regtui.events import Diverged, Evaluated, Finished, Marker, Measured, Revealed, Started
from regtui.runner import Lost
from regtui.scenario import Arm, ScenarioError, loads
from regtui.session import OWN, Session
from regtui.store import Recorder, replay

SCENARIO = loads(
    """
title = "T"
section = "dropout"
question = "Q"
[[arms]]
name = "a"
lesson = { train = 95, test = 60 }
[[arms]]
name = "b"
add = [{ dropout = {} }, { batchnorm = {} }]
[[claims]]
text = "b narrows the gap"
check = { metric = "gap", of = "b", below = "a" }
""",
    source="t",
    id="dropout/t",
)


def finish(session: Session, run: str, test: float, validation: float | None = None) -> None:
    began = Started(run=run, device="cpu", device_label="", threads=1, precision="fp32", parameters=1, total_steps=9,
                    steps_per_epoch=3, train_samples=9, clean_samples=9)  # fmt: skip
    train, test_ = Measured(loss=0, accuracy=100), Measured(loss=1, accuracy=test)
    session.take(began)
    held_out = None if validation is None else Measured(loss=1, accuracy=validation)
    session.take(Evaluated(run=run, step=9, epoch=3, seconds=1, train=train, test=test_, validation=held_out))
    session.take(Finished(run=run, step=9, seconds=1, wall_seconds=1, samples_per_s=9))


def _on_own_data(arm: Arm) -> Arm:
    return msgspec.structs.replace(arm, data=msgspec.structs.replace(arm.data, name="folder:/photos"))


def test_runs_come_seed_by_seed_so_that_a_comparison_is_complete_early() -> None:
    requests = Session(SCENARIO).request(["a", "b"], [0, 1])
    assert [(request.spec.arm, request.spec.seed) for request in requests] == [("a", 0), ("b", 0), ("a", 1), ("b", 1)]


def test_paired_seeds_lead_to_a_verdict() -> None:
    session = Session(SCENARIO)
    for request in session.request(["a", "b"], range(3)):
        finish(session, request.run, {"a": 60.0, "b": 80.0}[request.spec.arm] + request.spec.seed % 2)
    (verdict,) = session.verdicts()
    assert verdict.outcome == "confirmed" and not session.is_busy


def test_editing_a_preset_arm_forks_it_and_leaves_it_alone() -> None:
    session = Session(SCENARIO)
    fork = session.change("b", "dropout.p", 0.55)
    assert fork.name == OWN and fork.stack[0].params["p"] == 0.55
    assert session.arm("b").stack[0].params["p"] == 0.3
    assert session.is_own(OWN) and not session.is_own("b")
    told = session.change("a", "train.lr", 1e-3)
    assert session.arm("a").lesson is not None
    assert told.lesson is None, "the lesson says nothing about an arm of the user's own"


def test_editing_an_own_arm_changes_it_in_place_and_forgets_its_runs() -> None:
    session = Session(SCENARIO)
    session.change("b", "dropout.p", 0.5)
    (request,) = session.request([OWN], [0])
    finish(session, request.run, 70)
    assert session.results()[OWN]
    session.change(OWN, "dropout.p", 0.6)
    assert [arm.name for arm in session.arms] == ["a", "b", OWN] and not session.results()[OWN]


def test_a_run_that_diverged_is_a_result_and_is_not_made_again() -> None:
    session = Session(SCENARIO)
    first, second = session.request(["a", "b"], [0])
    finish(session, first.run, 60)
    session.take(Diverged(run=second.run, step=3, layer="conv1", value=float("nan")))
    assert session.missing([0, 1]) == [("a", 1), ("b", 1)]
    assert not session.results()["b"] and session.verdicts()[0].effect is None
    assert session.verdicts()[0].remark == "Diverged, so not counted: 1 of 1 seeds."


def test_until_all_of_own_data_is_revealed_arms_are_compared_by_validation() -> None:
    own = msgspec.structs.replace(SCENARIO, arms=tuple(_on_own_data(arm) for arm in SCENARIO.arms))
    session = Session(own)
    requests = session.request(["a", "b"], [0])
    for request in requests:
        finish(session, request.run, 60, validation=70)
    assert [request.run for request in session.reveal()] == [request.run for request in requests]
    revealed = Revealed(run=requests[0].run, step=9, test=Measured(loss=1, accuracy=50), samples=9, at="")
    session.take(revealed)
    assert session.held_out == "validation"
    assert {arm: found[0].gap for arm, found in session.results().items()} == {"a": 30, "b": 30}
    assert [request.run for request in session.reveal()] == [requests[1].run], "a test part is looked at once"
    session.take(msgspec.structs.replace(revealed, run=requests[1].run))
    assert session.held_out == "test" and not session.reveal()
    assert {arm: found[0].gap for arm, found in session.results().items()} == {"a": 50, "b": 50}


def test_regularizers_are_toggled_and_moved() -> None:
    session = Session(SCENARIO)
    session.toggle("b", "flip")
    own = session.arm(OWN)
    assert [entry.name for entry in own.stack] == ["dropout", "batchnorm", "flip"]
    session.move(OWN, own.stack[1], -1)
    session.move(OWN, own.stack[1], -1)  # it is the first one already
    session.toggle(OWN, "flip")
    assert [entry.name for entry in session.arm(OWN).stack] == ["batchnorm", "dropout"]
    session.drop(OWN)
    assert [arm.name for arm in session.arms] == ["a", "b"]


def test_a_bad_value_is_refused_and_forks_nothing() -> None:
    session = Session(SCENARIO)
    with pytest.raises(ScenarioError, match="from 0 below 1"):
        session.change("b", "dropout.p", 1.5)
    assert len(session.arms) == 2


def test_a_lost_worker_keeps_what_arrived_and_the_run_is_missing_again() -> None:
    session = Session(SCENARIO)
    first, second = session.request(["a", "b"], [0])
    finish(session, second.run, 80)
    session.take(Evaluated(run=first.run, step=3, epoch=1, seconds=1, train=Measured(loss=0, accuracy=50)))
    session.take(Lost(0, (first.run,), "The worker was killed."))
    history = session.current["a", 0]
    assert history.state == "lost" and len(history.evaluations) == 1 and session.notice == "The worker was killed."
    assert session.missing([0]) == [("a", 0)]
    (again,) = session.request(["a"], [0])
    finish(session, again.run, 60)
    assert not session.notice, "what went wrong before is over once a run starts"


def test_steered_runs_stay_out_of_verdicts() -> None:
    session = Session(SCENARIO)
    for request in session.request(["a", "b"], range(2)):
        session.take(Marker(run=request.run, step=1, kind="set", key="train.lr", value=0.1))
        finish(session, request.run, 60)
    assert session.verdicts()[0].effect is None


def test_everything_taken_is_recorded(tmp_path: Path) -> None:
    session = Session(SCENARIO, recorder=Recorder(tmp_path))
    (request,) = session.request(["a"], [4])
    finish(session, request.run, 61)
    stored = replay(tmp_path / request.run)
    assert stored.spec == request.spec and stored.result is not None and stored.result.gap == 39


def test_a_reset_leaves_only_the_presets() -> None:
    session = Session(SCENARIO)
    session.change("b", "dropout.p", 0.5)
    session.request(["a"], [0])
    session.reset()
    assert [arm.name for arm in session.arms] == ["a", "b"] and not session.current


def test_a_comparison_without_test_figures_is_one_of_validation() -> None:
    session = Session(SCENARIO)
    (request,) = session.request(["a"], [0])
    measured = Measured(loss=1.0, accuracy=50.0)
    assert session.held_out == session.course == "test"
    session.runs[request.run].apply(
        Evaluated(run=request.run, step=1, epoch=1, seconds=1, train=measured, validation=measured, test=None)
    )
    assert session.held_out == session.course == "validation"
