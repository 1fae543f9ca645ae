"""What `--over` takes, and what it says of what it does not take."""

from __future__ import annotations

import pytest

from regtui.scenario import Arm, ScenarioError, find, load
from regtui.sweep.space import Dimension, applied, as_it_is, parse_space


def arm() -> Arm:
    return load(find("overfitting/ladder")).arm("+ dropout")


def test_ranges_lists_and_logarithms() -> None:
    _, space = parse_space(["dropout.p=0:0.7", "train.lr=1e-4:1e-2:log", "train.schedule=cosine,onecycle"], arm())
    assert space == (
        Dimension(key="dropout.p", kind="float", low=0.0, high=0.7),
        Dimension(key="train.lr", kind="float", low=1e-4, high=1e-2, log=True),
        Dimension(key="train.schedule", kind="choice", choices=("cosine", "onecycle")),
    )
    assert [str(d) for d in space][1] == "train.lr=0.0001:0.01:log"


def test_a_setting_of_whole_numbers_is_searched_in_whole_numbers() -> None:
    _, space = parse_space(["train.batch_size=16:64", "model.width=4:16"], arm())
    assert [dimension.kind for dimension in space] == ["int", "int"]


def test_a_regularizer_that_the_arm_lacks_is_added() -> None:
    swept, space = parse_space(["randaugment.magnitude=0:15"], arm())
    assert [entry.name for entry in swept.stack if entry not in arm().stack] == ["randaugment"]
    assert space[0].kind == "int"
    changed = applied(swept, {"randaugment.magnitude": 3})
    assert [entry.params["magnitude"] for entry in changed.stack if entry.name == "randaugment"] == [3]


def test_what_the_arm_has_now_can_be_tried_where_it_lies_in_the_ranges() -> None:
    _, space = parse_space(["dropout.p=0:0.7", "train.schedule=cosine,onecycle"], arm())
    assert as_it_is(arm(), space) == {"dropout.p": 0.3, "train.schedule": "onecycle"}
    for outside in ("dropout.p=0.4:0.7", "randaugment.magnitude=0:15", "train.schedule=cosine,constant"):
        assert as_it_is(arm(), parse_space([outside], arm())[1]) is None


def test_a_grid_has_both_ends() -> None:
    assert Dimension(key="k", kind="float", low=0.0, high=1.0).grid(5) == [0.0, 0.25, 0.5, 0.75, 1.0]
    assert Dimension(key="k", kind="float", low=0.01, high=1.0, log=True).grid(3) == pytest.approx([0.01, 0.1, 1.0])
    assert Dimension(key="k", kind="int", low=2, high=4).grid(5) == [2, 3, 4]
    assert Dimension(key="k", kind="choice", choices=("a", "b")).grid(5) == ["a", "b"]


@pytest.mark.parametrize(("text", "says"), [
    ("dropout.p", "has no range"),
    ("dropout.p=0.3", "needs two or more"),
    ("dropout.p=0.5:0.1", "the wrong way round"),
    ("dropout.p=a:b", "no number"),
    ("dropout.p=0:0.5:lin", "is no range"),
    ("dropout.p=0:0.5:log", "begins at or below 0"),
    ("dropout.p=0:1.5", "is 1.5; allowed is a number from 0 below 1"),
    ("dropout.q=0:0.5", "is not a parameter here"),
    ("dropuot.p=0:0.5", "did you mean"),
    ("train.lrr=1e-4:1e-2", "lr"),
    ("train.schedule=cosine,linear", "linear"),
])  # fmt: skip
def test_what_is_wrong_is_named(text: str, says: str) -> None:
    with pytest.raises(ScenarioError) as raised:
        parse_space([text], arm())
    assert "--over" in str(raised.value) and says in str(raised.value)


def test_a_key_given_twice_is_refused() -> None:
    with pytest.raises(ScenarioError, match="given twice"):
        parse_space(["dropout.p=0:0.5", "dropout.p=0:0.2"], arm())
