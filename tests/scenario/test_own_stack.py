"""A model's own norms and dropouts are part of the resolved stack, and can be taken away like any other entry."""

import pytest

from regtui.catalog import MODELS
from regtui.scenario import Scenario, ScenarioError, loads
from regtui.scenario.errors import Problems
from regtui.scenario.resolve import own_stack, resolve_entry
from regtui.spec import ModelSpec


def scenario(base: str, arms: str = '[[arms]]\nname = "a"') -> Scenario:
    text = f'title = "T"\nsection = "recipes"\nquestion = "Q"\n[base]\n{base}\n{arms}\n'
    return loads(text, source="file.toml", id="recipes/file")


def stacks(base: str, arms: str = '[[arms]]\nname = "a"') -> list[list[str]]:
    return [[entry.key for entry in arm.stack] for arm in scenario(base, arms).arms]


TEXTS = 'data = { name = "wordnet" }\nmodel = { name = "bert" }'


@pytest.mark.parametrize("name", MODELS)
def test_every_models_own_stack_can_be_resolved(name: str) -> None:
    model, problems = ModelSpec(name=name), Problems()
    entries = [resolve_entry(item, model, "", problems) for item in MODELS[name].stack]
    assert not problems
    assert tuple(entries) == own_stack(model)


def test_an_arm_begins_with_the_norms_of_its_model() -> None:
    assert stacks(TEXTS) == [["layernorm@norm"]]
    own = ["batchnorm@conv", "stochastic_depth@residual", "dropout@head"]
    assert stacks('model = { name = "efficientnet_b0" }') == [own]
    assert stacks("") == [[]]
    assert stacks(TEXTS + "\nadd = [{ token_masking = {} }]") == [["layernorm@norm", "token_masking@input"]]


def test_a_stack_is_the_whole_stack_in_the_base_and_in_an_arm() -> None:
    assert stacks(TEXTS + "\nstack = []") == [[]]
    arms = '[[arms]]\nname = "a"\n[[arms]]\nname = "b"\nstack = [{ rmsnorm = {} }]'
    assert stacks(TEXTS, arms) == [["layernorm@norm"], ["rmsnorm@norm"]]


def test_a_norm_of_the_model_is_removed_and_exchanged_like_any_entry() -> None:
    arms = (
        '[[arms]]\nname = "a"\nremove = ["layernorm"]\n[[arms]]\nname = "b"\nadd = [{ batchnorm = { mask = false } }]'
    )
    assert stacks(TEXTS, arms) == [[], ["batchnorm@norm"]]


def test_another_model_brings_its_own_norms_and_keeps_what_was_added() -> None:
    arms = """
[[arms]]
name = "a"
model = { name = "resnet" }
add = [{ dropout = { where = "head" } }]
[[arms]]
name = "b"
data = { name = "wordnet" }
model = { name = "gpt" }
"""
    assert stacks("", arms) == [["batchnorm@conv", "dropout@head"], ["layernorm@norm", "dropout@head"]]


@pytest.mark.parametrize(("base", "said"), [
    ("add = [{ token_masking = {} }]", "base.add[0].token_masking: acts on text; the model cnn takes image"),
    (TEXTS + "\nadd = [{ flip = {} }]", "base.add[0].flip: acts on image; the model bert takes text"),
    ('model = { name = "bert" }', "base.model.name: is bert, which takes text; fashion-mnist is image"),
    ('data = { name = "wordnet", test_shift = { mirror = 0.5 } }\nmodel = { name = "bert" }',
     "base.data.test_shift: mirrors, turns and moves pictures; wordnet is text"),
    ("data = { length = 40 }", "base.data.length: is in words; fashion-mnist is images"),
    ('data = { name = "wordnet", length = 20 }\nmodel = { name = "bert" }', "base.data.length: is 20; allowed"),
    ('model = { name = "mbconv", norm_place = "pre" }', "base.model.norm_place: is not a parameter here"),
])  # fmt: skip
def test_what_does_not_fit_is_refused_with_a_sentence(base: str, said: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        scenario(base)
    assert said in str(caught.value)


def test_an_entry_without_a_place_in_a_later_arms_model_is_refused() -> None:
    arms = '[[arms]]\nname = "a"\nadd = [{ batchnorm = {} }]\n[[arms]]\nname = "b"\nmodel = { name = "mlp" }'
    with pytest.raises(
        ScenarioError, match=r"arms\[1\].stack: has batchnorm@conv, which has no place in the model mlp"
    ):
        scenario("", arms)
