"""What was said before the runs, against what the runs say."""

from __future__ import annotations

import pytest

from regtui.claims import Results, judge
from regtui.events import Diverged, Evaluated, Finished, Measured, Started
from regtui.predictions import Predictions, find_lead, judge_claim, tally
from regtui.scenario import Check, Claim, loads
from regtui.session import Session

SCENARIO = loads(
    """
title = "T"
section = "dropout"
question = "Q"
[[arms]]
name = "a"
[[arms]]
name = "b"
[[arms]]
name = "c"
[[claims]]
text = "b is better than a"
check = { metric = "test_accuracy", of = "b", above = "a" }
""",
    source="t",
    id="dropout/t",
)


def evaluated(test: float) -> Evaluated:
    return Evaluated(run="r", step=9, epoch=3, seconds=1, train=Measured(loss=0, accuracy=100),
                     test=Measured(loss=1, accuracy=test))  # fmt: skip


def results(**tests: list[float]) -> Results:
    return {arm: {seed: evaluated(test) for seed, test in enumerate(of_arm)} for arm, of_arm in tests.items()}


def play(session: Session, run: str, test: float) -> None:
    session.take(Started(run=run, device="cpu", device_label="", threads=1, precision="fp32", parameters=1,
                         total_steps=9, steps_per_epoch=3, train_samples=9, clean_samples=9))  # fmt: skip
    session.take(Evaluated(run=run, step=9, epoch=3, seconds=1, train=Measured(loss=0, accuracy=100),
                           test=Measured(loss=1, accuracy=test)))  # fmt: skip
    session.take(Finished(run=run, step=9, seconds=1, wall_seconds=1, samples_per_s=9))


def test_one_seed_shows_who_leads_and_decides_nothing() -> None:
    lead = find_lead(["a", "b", "c"], results(a=[60], b=[70], c=[80]))
    assert lead is not None
    assert (lead.best, lead.rival, lead.by.mean) == ("c", "b", 10)
    assert lead.judge("c") == "open" and lead.judge("a") == "open"


def test_the_lead_over_the_arm_that_was_said_decides() -> None:
    # Between b and c it is too close, but a is far behind both.
    measured = results(a=[60, 61, 62], b=[80, 82, 79], c=[80.5, 81, 80])
    wrong = find_lead(["a", "b", "c"], measured, said="a")
    assert wrong is not None and (wrong.best, wrong.rival) == ("c", "a") and wrong.judge("a") == "wrong"
    close = find_lead(["a", "b", "c"], measured, said="c")
    assert close is not None and close.rival == "b" and close.judge("c") == "open"


def test_the_best_arm_must_beat_the_one_that_it_beats_least_surely() -> None:
    # c is far behind in the mean, but two of its seeds are as good as those of b: it may be the better one.
    measured = results(a=[80, 81, 80, 81], b=[60, 61, 60, 61], c=[80, 20, 81, 20])
    lead = find_lead(["a", "b", "c"], measured, said="a")
    assert lead is not None and (lead.best, lead.rival) == ("a", "c")
    assert lead.by.mean > 20 and lead.judge("a") == "open"


def test_a_clear_lead_makes_the_best_arm_right() -> None:
    lead = find_lead(["a", "b"], results(a=[60, 61, 62], b=[80, 82, 81]), said="b")
    assert lead is not None and lead.judge("b") == "right" and lead.by.count == 3


def test_only_seeds_that_all_arms_share_count() -> None:
    lead = find_lead(["a", "b"], results(a=[60, 99], b=[70]))
    assert lead is not None and lead.best == "b" and lead.by.count == 1
    assert find_lead(["a", "b"], results(a=[60], b=[])) is None
    assert find_lead(["a"], results(a=[60])) is None


def test_equal_arms_are_too_close_to_call() -> None:
    lead = find_lead(["a", "b"], results(a=[60, 60], b=[60, 60]), said="a")
    assert lead is not None and lead.judge("a") == "open"


@pytest.mark.parametrize(
    ("others", "yes", "no"),
    [
        ([60.0, 61.0, 62.0], "right", "wrong"), ([90.0, 91.0, 92.0], "wrong", "right"),
        ([60.0, 80.0, 95.0], "open", "open"),
    ],
)  # fmt: skip
def test_a_claim_that_was_said_to_hold_is_right_when_confirmed(others: list[float], yes: str, no: str) -> None:
    claim = Claim(text="b is better", check=Check(metric="test_accuracy", of="b", above="a"))
    verdict = judge(claim, results(a=others, b=[80, 81, 82]))
    assert (judge_claim(True, verdict), judge_claim(False, verdict)) == (yes, no)


def test_answers_to_claims_are_summed_up() -> None:
    better = Claim(text="b is better", check=Check(metric="test_accuracy", of="b", above="a"))
    clear, unclear = results(a=[60, 61, 62], b=[80, 81, 83]), results(a=[60, 80, 95], b=[80, 81, 83])
    verdicts = [judge(better, clear), judge(better, clear), judge(better, unclear), judge(better, clear)]
    said = Predictions(claims={0: True, 1: False, 2: True})
    assert tally(said, verdicts) == {"right": 1, "wrong": 1, "open": 1}


def test_skipping_takes_an_answer_back() -> None:
    said = Predictions().with_best("a").with_claim(0, True).with_claim(1, False)
    assert said.with_best(None).with_claim(0, None) == Predictions(claims={1: False})
    assert not Predictions() and said


def test_after_the_first_run_nothing_can_be_predicted_and_reset_forgets() -> None:
    session = Session(SCENARIO)
    session.predict(Predictions(best="a"))
    session.request(["a"], [0])
    assert not session.can_predict
    session.predict(Predictions(best="b"))
    assert session.predictions.best == "a"
    session.reset()
    assert session.can_predict and not session.predictions


def test_an_arm_that_diverged_is_not_waited_for() -> None:
    session = Session(SCENARIO)
    for request in session.request(["a", "b", "c"], range(2)):
        if request.spec.arm == "b":
            session.take(Diverged(run=request.run, step=1, layer="head", value=float("nan")))
        else:
            play(session, request.run, {"a": 60.0, "c": 80.0}[request.spec.arm] + request.spec.seed)
    lead = session.lead()
    assert lead is not None and (lead.best, lead.rival) == ("c", "a")
    assert session.seeds_done == 2


def test_a_seed_is_done_when_all_arms_of_the_scenario_are() -> None:
    session = Session(SCENARIO)
    requests = session.request(["a", "b", "c"], [0])
    for request in requests[:2]:
        play(session, request.run, 60)
    assert session.seeds_done == 0
    play(session, requests[2].run, 60)
    assert session.seeds_done == 1
