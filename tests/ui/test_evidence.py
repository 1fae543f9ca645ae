"""Where an answer can be seen: in the accuracies of the arms it names, and in what their studies found."""

from __future__ import annotations

from regtui.events import Evaluated, Finished, Measured, Started
from regtui.scenario import find, load
from regtui.session import Session
from regtui.ui.evidence import evidence


def test_an_answer_about_a_study_is_shown_by_its_figures() -> None:
    scenario = load(find("dropout/train-or-eval"))
    session = Session(scenario)
    costs = {"BatchNorm": (0.5, 9.0, 41.0), "p 0.5": (5.0, 5.5, 5.0)}
    for request in session.request(list(costs), range(2)):
        cost, alone, by_class = (value + request.spec.seed for value in costs[request.spec.arm])
        session.take(Started(run=request.run, device="cpu", device_label="", threads=1, precision="fp32", parameters=1,
                             total_steps=9, steps_per_epoch=3, train_samples=9, clean_samples=9))  # fmt: skip
        session.take(Evaluated(run=request.run, step=9, epoch=3, seconds=1, train=Measured(loss=0, accuracy=100),
                               test=Measured(loss=1, accuracy=80.0),
                               studied={"mode_switch.cost": cost, "mode_switch.cost_alone": alone,
                                        "mode_switch.cost_by_class": by_class}))  # fmt: skip
        session.take(Finished(run=request.run, step=9, seconds=1, wall_seconds=1, samples_per_s=9))
    question = next(one for one in scenario.quiz if "still tests well" in one.question)
    told = evidence(scenario, question, session, is_open=True)
    assert told == (
        "Your runs (train/test): BatchNorm 100/80.0, gap 20.0. Cost of forgetting eval(): BatchNorm 1.0 points. "
        "Cost, one by one: BatchNorm 9.5 points. Cost, class by class: BatchNorm 41.5 points."
    )
