"""One setting changed: the same rule for --set, the stack pane and steering."""

import json

import pytest

from regtui.scenario import Arm, ScenarioError, apply_setting, loads, parse_value

ARM = loads(
    'title="t"\nsection="dropout"\nquestion="q"\n[[arms]]\nname="a"\n'
    'add=[{dropout={}}, {dropout={where="head"}}, {crop={}}]',
    source="t", id="t",
).arms[0]  # fmt: skip


def test_tables_models_and_entries_can_be_set() -> None:
    assert apply_setting(ARM, "train.lr", 0.5).train.lr == 0.5
    assert apply_setting(ARM, "data.test_shift.mirror", 0.25).data.test_shift.mirror == 0.25
    assert apply_setting(ARM, "model.width", 12).model.params["width"] == 12
    assert apply_setting(ARM, "crop.padding", 3).stack[2].params["padding"] == 3


def test_a_name_alone_means_all_its_places_and_with_at_just_one() -> None:
    def ps(arm: Arm) -> list[object]:
        return [entry.params["p"] for entry in arm.stack[:2]]

    assert ps(apply_setting(ARM, "dropout.p", 0.1)) == [0.1, 0.1]
    assert ps(apply_setting(ARM, "dropout@head.p", 0.1)) == [0.3, 0.1]


@pytest.mark.parametrize(("key", "value", "message"), [
    ("lr", 1, "is no setting"), ("train.rl", 1, "is not a key here"), ("train.lr", 0, "> 0"),
    ("dropuot.p", 0.1, 'did you mean "dropout"'), ("batchnorm.momentum", 0.1, "not in this stack"),
    ("dropout.p", "high", "allowed is a number from 0 below 1"), ("crop.padding", 1.5, "a whole number"),
    ("model.depth", 3, 'did you mean "width"'), ("data.test_shift.mirrored", 1, 'did you mean "mirror"'),
    ("data.shift.mirror", 1, 'did you mean "test_shift"'), ("train.lr", float("nan"), "finite"),
    ("data.train", 1990, "train + validation"),
])  # fmt: skip
def test_a_bad_setting_is_refused_with_what_is_allowed(key: str, value: object, message: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        apply_setting(ARM, key, value)
    assert message in str(caught.value)


ENCODER = (
    'title="t"\nsection="recipes"\nquestion="q"\n[base]\ndata={name="wordnet"}\n'
    'model={name="hf_encoder"%s}\n[[arms]]\nname="a"\n[[arms]]\nname="b"\nmodel={weights="random"}'
)


def test_a_text_can_be_set_and_must_be_given() -> None:
    arm = loads(ENCODER % ', checkpoint="me/tiny"', source="t", id="t").arm("b")
    assert arm.model.params == {"checkpoint": "me/tiny", "weights": "random"}
    assert apply_setting(arm, "model.checkpoint", "./a folder/ä").model.params["checkpoint"] == "./a folder/ä"
    with pytest.raises(
        ScenarioError, match=r"^t: base.model.checkpoint: is missing; allowed is a text of 1 to 200 [^\n]*$"
    ):
        loads(ENCODER % "", source="t", id="t")


@pytest.mark.parametrize("value", ["", "a\nb", "\x1b[2J", "x" * 201, "\u202e", 7])
def test_a_text_that_a_terminal_would_obey_is_refused_once(value: str | int) -> None:
    given = f", checkpoint={json.dumps(value)}"
    with pytest.raises(
        ScenarioError, match=r"^t: base.model.checkpoint: is [^\n]{1,80}; allowed is a text[^\n]*$"
    ) as caught:
        loads(ENCODER % given, source="t", id="t")
    assert "\x1b" not in str(caught.value)


def test_words_of_the_command_line_become_values() -> None:
    assert [parse_value(word) for word in ("3", ".2", "1e-3", "true", "False", "sgd")] == [
        3,
        0.2,
        1e-3,
        True,
        False,
        "sgd",
    ]
    assert isinstance(parse_value("3"), int)
