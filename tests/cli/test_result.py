"""What `regtui run` prints of arms besides their figures: the verdict, and trouble inside of their networks."""

from __future__ import annotations

import json
import math

import pytest

from regtui.cli.result import print_result, result_object
from regtui.events import Evaluated, Finished, Measured, Trouble
from regtui.scenario import Arm, Scenario
from regtui.scenario.schema import Check, Claim
from regtui.session import Session
from regtui.spec import DataSpec, ModelSpec, TrainSpec


@pytest.fixture
def session() -> Session:
    """Two seeds of one arm that both finished; gradients exploded without end in the second."""
    arm = Arm(name="plain", data=DataSpec(), model=ModelSpec(), train=TrainSpec())
    session = Session(Scenario(id="s/t", title="t", section="overfitting", question="q", arms=(arm,)))
    for request in session.request(["plain"], [0, 1]):
        run, seed = request.run, request.spec.seed
        measured = {"train": Measured(loss=0.0, accuracy=100.0), "test": Measured(loss=1.0, accuracy=60.0 + 10 * seed)}
        session.take(Evaluated(run=run, step=10, epoch=1.0, seconds=1.0, **measured))
        session.take(Trouble(run=run, step=4, kind="dying", layer="conv2", value=0.5))
        session.take(Trouble(run=run, step=9, kind="dying", layer="conv2", value=0.1, over=True))
        if seed == 1:
            session.take(Trouble(run=run, step=7, kind="exploding", layer="conv1", value=math.inf))
        session.take(Finished(run=run, step=10, seconds=1.0, wall_seconds=1.0, samples_per_s=1.0))
    return session


def test_the_object_has_the_verdict_on_the_mean_of_the_seeds(session: Session) -> None:
    (arm,) = json.loads(json.dumps(result_object(session, 1.0), allow_nan=False))["arms"]
    assert arm["diagnosis"] == {
        "verdict": "overfitting",
        "why": "100.0 % train, 65.0 % test, gap 35.0; test loss 1.00",
        "next": "Try Random crop or Dropout.",
        "try": ["crop", "dropout"],
    }


def test_the_object_has_troubles_that_last_with_run_layer_step_and_value(session: Session) -> None:
    (arm,) = json.loads(json.dumps(result_object(session, 1.0), allow_nan=False))["arms"]
    assert arm["troubles"] == [
        {"run": arm["runs"][1], "kind": "exploding", "layer": "conv1", "step": 7, "value": "inf"}
    ]


def test_an_arm_that_has_not_ended_has_no_verdict() -> None:
    arm = Arm(name="plain", data=DataSpec(), model=ModelSpec(), train=TrainSpec())
    session = Session(Scenario(id="s/t", title="t", section="overfitting", question="q", arms=(arm,)))
    session.request(["plain"], [0])
    (row,) = result_object(session, 1.0)["arms"]
    assert (row["diagnosis"], row["troubles"]) == (None, [])


def test_the_table_is_followed_by_verdict_and_trouble(session: Session, capsys: pytest.CaptureFixture[str]) -> None:
    print_result(session, 1.0)
    printed = " ".join(capsys.readouterr().out.split())
    assert "overfitting plain: 100.0 % train, 65.0 % test, gap 35.0" in printed
    assert "inside plain: gradients explode in conv1 at step 7 (inf times the weight); 1 of 2 seeds" in printed


def test_an_effect_has_its_sign_and_its_interval_has_one_where_it_is_negative(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def accuracy(arm: str, seed: int) -> float:
        return {"plain": 60.0, "better": 70.0 + seed, "like": 60.0 + (-1) ** seed}[arm]

    arms = tuple(
        Arm(name=name, data=DataSpec(), model=ModelSpec(), train=TrainSpec()) for name in ("plain", "better", "like")
    )
    claims = tuple(
        Claim(text=name, check=Check(metric="test_accuracy", of=name, above="plain")) for name in ("better", "like")
    )
    session = Session(Scenario(id="s/t", title="t", section="overfitting", question="q", arms=arms, claims=claims))
    for request in session.request([arm.name for arm in arms], [0, 1]):
        run, spec = request.run, request.spec
        test = Measured(loss=1.0, accuracy=accuracy(spec.arm, spec.seed))
        session.take(Evaluated(run=run, step=10, epoch=1.0, seconds=1.0, train=test, test=test))
        session.take(Finished(run=run, step=10, seconds=1.0, wall_seconds=1.0, samples_per_s=1.0))
    print_result(session, 1.0)
    printed = " ".join(capsys.readouterr().out.split())
    assert "better +10.5 points [4.1, 16.9]" in printed and "like +0.0 points [-12.7, 12.7]" in printed
