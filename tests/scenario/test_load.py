"""Scenario files: what they resolve to, and what they are told when they are wrong."""

import re
from pathlib import Path

import pytest

from regtui.scenario import Scenario, ScenarioError, find, load, loads, preset_files, run_spec
from regtui.scenario.presets import ORDER, preset_id
from regtui.spec import spec_hash

GOOD = """
title = "T"
section = "dropout"
question = "Q"
[base]
data = { train = 600, test_shift = { mirror = 0.5 } }
train = { epochs = 3, lr = 1 }
[[arms]]
name = "a"
[[arms]]
name = "b"
add = [{ dropout = { p = 0.5 } }, { batchnorm = {} }]
data = { test_shift = { degrees = 3 } }
[[arms]]
name = "c"
add = [{ dropout = { p = 0.1 } }, { flip = {} }, { dropout = { where = "head" } }]
[[arms]]
name = "d"
remove = ["dropout@head", "batchnorm"]
[[arms]]
name = "e"
stack = [{ weight_decay = { strength = 0.1 } }]
[[claims]]
text = "C"
check = { metric = "gap", of = "b", below = "a", by = 1 }
[[quiz]]
question = "?"
choices = ["x", "y"]
answer = 1
because = "z"
"""


def scenario(text: str = GOOD) -> Scenario:
    return loads(text, source="file.toml", id="dropout/file")


def problems(text: str) -> str:
    with pytest.raises(ScenarioError) as caught:
        scenario(text)
    return str(caught.value)


def test_every_preset_is_valid_and_its_section_is_its_folder() -> None:
    files = preset_files()
    assert len(files) >= 3
    for path in files:
        assert load(path).section == path.parent.name


def test_presets_come_in_the_order_of_the_lesson() -> None:
    sections = [path.parent.name for path in preset_files()]
    assert sections.index("overfitting") < sections.index("dropout") < sections.index("batchnorm")


def test_the_order_names_presets_that_exist_and_every_short_name_is_unique() -> None:
    listed = {f"{section}/{name}" for section, names in ORDER.items() for name in names}
    assert listed <= {preset_id(path) for path in preset_files()}
    for path in preset_files():
        assert find(path.stem) == path


def test_a_preset_is_found_by_its_short_name_and_a_typo_is_answered() -> None:
    assert find("ladder") == find("overfitting/ladder")
    with pytest.raises(ScenarioError, match='did you mean "ladder"'):
        find("laddre")


def test_an_arm_builds_on_the_one_before_it() -> None:
    stacks = {arm.name: [entry.key for entry in arm.stack] for arm in scenario().arms}
    assert stacks == {
        "a": [], "b": ["dropout@block", "batchnorm@conv"],
        "c": ["dropout@block", "batchnorm@conv", "flip@input", "dropout@head"],
        "d": ["dropout@block", "flip@input"], "e": ["weight_decay"],
    }  # fmt: skip


def test_add_replaces_in_place_and_defaults_are_filled_in() -> None:
    assert scenario().arm("c").stack[0].params == {"p": 0.1}
    assert scenario().arm("b").stack[1].params["momentum"] == 0.1


def test_a_number_means_the_same_run_however_it_is_written() -> None:
    whole, fraction = (GOOD.replace("strength = 0.1", f"strength = {text}") for text in ("2", "2.0"))
    specs = [run_spec("dropout/file", scenario(text).arm("e"), 0) for text in (whole, fraction)]
    assert specs[0] == specs[1] and spec_hash(specs[0]) == spec_hash(specs[1])


def test_overrides_merge_into_the_settings_before() -> None:
    shift = scenario().arm("b").data.test_shift
    assert (shift.mirror, shift.degrees) == (0.5, 3.0)
    assert scenario().arm("e").data.test_shift == shift


def test_a_run_spec_has_everything_of_its_arm() -> None:
    spec = run_spec("dropout/file", scenario().arm("e"), 3)
    assert (spec.arm, spec.seed, spec.data.train, spec.stack[0].params["strength"]) == ("e", 3, 600, 0.1)


WRONG = [
    ("data = { train = 600,", "data = { trian = 600,", 'base.data.trian: is not a key here; did you mean "train"?'),
    ("train = 600", 'train = "many"', "base.data.train: is 'many'; allowed is a whole number"),
    ("train = 600", "train = 0", "base.data.train: is 0; allowed is a whole number >= 1"),
    ("train = 600", "train = 1900", "train + validation is 2400; allowed is at most 2000"),
    ("lr = 1", "lr = nan", "base.train.lr: is nan; allowed is a finite number"),
    ("lr = 1", "lr = inf", "base.train.lr: is inf; allowed is a finite number"),
    ("lr = 1", "optimizer = 'adamv'", "base.train.optimizer: is 'adamv'; allowed are adamw, sgd"),
    ("mirror = 0.5", "mirror = 1.5", "base.data.test_shift.mirror: is 1.5; allowed is a number <= 1"),
    ("p = 0.5", "p = 1.0", "arms[1].add[0].dropout.p: is 1.0; allowed is a number from 0 below 1"),
    ("p = 0.5", "q = 0.5", "arms[1].add[0].dropout.q: is not a parameter here; known are p"),
    ("{ batchnorm = {} }", "{ batchnrom = {} }", 'arms[1].add[1].batchnrom: is not a regularizer of the catalog; did '
     'you mean "batchnorm"?'),
    ('where = "head"', 'where = "heart"', "arms[2].add[2].dropout.where: is 'heart'; allowed here is block"),
    ('"dropout@head", ', '"dropout@tail", ', "arms[3].remove[0]: is 'dropout@tail', which is not in the stack"),
    ('name = "b"', 'name = "a"', "arms[1].name: is 'a', which another arm has already"),
    ('of = "b"', 'of = "bb"', "claims[0].check.of: is 'bb', which is not an arm"),
    ('below = "a"', 'above = "a", below = "a"', "claims[0].check: needs exactly one of below and above"),
    ('metric = "gap"', 'metric = "gab"', 'claims[0].check.metric: is \'gab\''),
    ("answer = 1", "answer = 2", "quiz[0].answer: is 2; allowed is an index from 0 to 1"),
    ('section = "dropout"', 'section = "dropouts"', 'did you mean "dropout"?'),
    ("[base]", "[bass]", 'bass: is not a key here; did you mean "base"?'),
    ('title = "T"', "", "title: is missing"),
    ("epochs = 3", "epochs = 3, batch_size = 601", "base.train.batch_size: is 601, more than the 600 training samples"),
    ("[base]", 'base.model = { name = "cnm" }\n[base]', "is not valid TOML"),
    ("[base]", '[base]\nmodel = { name = "cnm" }', "base.model.name: is 'cnm', which is not in the catalog"),
    ("[base]", "[base]\nmodel = { width = 0 }", "base.model.width: is 0; allowed is a whole number from 1 to 512"),
]  # fmt: skip


@pytest.mark.parametrize(("found", "instead", "message"), WRONG, ids=[row[1][:40] for row in WRONG])
def test_a_mistake_is_named_with_file_key_and_what_is_allowed(found: str, instead: str, message: str) -> None:
    assert found in GOOD
    told = problems(GOOD.replace(found, instead, 1))
    assert message in told and told.startswith("file.toml: ")


def test_early_stopping_without_a_validation_split_is_refused() -> None:
    text = GOOD.replace("train = 600", "train = 600, validation = 0")
    text = text.replace("{ flip = {} }", "{ early_stopping = {} }")
    assert "arms[2].stack.early_stopping" in problems(text)
    assert "reads the validation split" in problems(text)


def test_all_problems_are_told_at_once() -> None:
    told = problems(GOOD.replace("p = 0.5", "p = 2").replace("answer = 1", "answer = 9").replace("epochs", "epoch"))
    assert len(told.splitlines()) == 3


def test_what_is_wrong_at_the_top_hides_nothing_below() -> None:
    text = GOOD.replace('section = "dropout"', 'section = "drop"\ncolour = 1').replace(
        "epochs = 3", "epochs = 0, foo = 1"
    )
    told = problems(
        text.replace("p = 0.5", "p = 2").replace("answer = 1", 'answer = "x"').replace('of = "b"', "off = 1")
    )
    below = ("base.train.epochs", "base.train.foo", "arms[1].add[0].dropout.p", "quiz[0].answer", "claims[0].check.off")
    for key in ("section", "colour", *below, "claims[0].check.of"):
        assert f"file.toml: {key}: " in told, key
    assert len(told.splitlines()) == len(set(told.splitlines()))


def test_an_inherited_mistake_is_told_once() -> None:
    assert len(problems(GOOD.replace("train = 600", "train = 1900")).splitlines()) == 1


@pytest.mark.parametrize("where", ["linear", "activation", "head"])
def test_batchnorm_with_one_value_a_channel_is_refused_before_it_runs(where: str) -> None:
    text = GOOD.replace("[base]", '[base]\nmodel = { name = "mlp" }').replace(
        "epochs = 3", "epochs = 3, batch_size = 1"
    )
    text = text.replace("{ batchnorm = {} }", f'{{ batchnorm = {{ where = "{where}" }} }}')
    assert "arms[1].train.batch_size: is 1, which leaves BatchNorm one value a channel" in problems(text)


def test_parts_of_a_batch_are_even() -> None:
    text = GOOD.replace("{ batchnorm = {} }", "{ ghost_batchnorm = { parts = 3 } }")
    assert "ghost_batchnorm@conv.parts: is 3, which a train.batch_size of 32 cannot be parted into" in problems(text)
    even = GOOD.replace("batchnorm = {}", "ghost_batchnorm = { parts = 4 }").replace('"batchnorm"', '"ghost_batchnorm"')
    scenario(even)


def test_batchnorm_over_pixels_or_words_takes_single_samples() -> None:
    scenario(GOOD.replace("epochs = 3", "epochs = 3, batch_size = 1"))
    texts = GOOD.replace("train = 600, test_shift = { mirror = 0.5 }", 'name = "wordnet", train = 600')
    texts = texts.replace("[base]", '[base]\nmodel = { name = "bert" }').replace(
        "epochs = 3", "epochs = 3, batch_size = 1"
    )
    texts = texts.replace("data = { test_shift = { degrees = 3 } }", "").replace(
        "{ dropout = { p = 0.1 } }, { flip = {} }, ", ""
    )
    scenario(texts.replace("{ batchnorm = {} }", '{ batchnorm = { where = "linear" } }'))


def test_control_characters_of_a_file_do_not_reach_the_terminal() -> None:
    told = problems(GOOD.replace("dropout = { p = 0.5 }", '"\\u001b[31mred" = {}'))
    assert "\x1b" not in told and r"\x1b" in told


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"", b"title = ", b"x" * 2_000_000, b"a=" + b"[" * 5000])
def test_a_file_that_is_no_scenario_is_refused_with_its_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad.toml"
    path.write_bytes(content)
    with pytest.raises(ScenarioError, match=re.escape(str(path))):
        load(path)


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "missing.toml", tmp_path):
        with pytest.raises(ScenarioError, match="cannot be read"):
            load(path)


def test_a_claim_can_speak_of_what_a_study_of_the_scenario_finds() -> None:
    asked = GOOD.replace('metric = "gap"', 'metric = "weights.norm"')
    assert 'studies = ["weights"]' in problems(asked)  # says what is missing
    made = scenario(asked.replace("[base]", '[base]\nstudies = ["weights"]'))
    assert all(arm.studies == ("weights",) for arm in made.arms)
    assert run_spec(made.id, made.arm("b"), 0).studies == ("weights",)
    assert 'did you mean "gap"' in problems(GOOD.replace('metric = "gap"', 'metric = "gaps"'))


@pytest.mark.parametrize(
    ("studies", "told"),
    [('["wieghts"]', 'did you mean "weights"'), ('["weights", "weights"]', "which is there already")],
)
def test_unknown_and_repeated_studies_are_refused_by_name(studies: str, told: str) -> None:
    text = problems(GOOD.replace("[base]", f"[base]\nstudies = {studies}"))
    assert "base.studies[" in text and told in text
