"""The rows of the stack pane: complete, exact, and bounded by the catalog."""

from __future__ import annotations

import pytest

from regtui.catalog import REGULARIZERS
from regtui.scenario import Arm, Scenario, apply_setting, loads
from regtui.ui.panes.stack_lines import laid_out, row_line
from regtui.ui.settings import GROUPS, exact, is_numeric, nudged, parsed, setting_row, stack_rows

TEXT = """
title = "Text"
section = "dropout"
question = "?"

[base]
data = { name = "wordnet", train = 100, validation = 100, test = 100 }
model = { name = "bert" }

[[arms]]
name = "base"
"""


@pytest.fixture
def arm(ladder: Scenario) -> Arm:
    return ladder.arm("+ BatchNorm")


def test_every_regularizer_that_fits_the_model_is_offered_once(arm: Arm) -> None:
    heads = [row.regularizer.name for row in stack_rows(arm) if row.kind == "regularizer" and row.regularizer]
    sites = {"input", "conv", "activation", "block", "head"}
    fitting = [
        r.name for r in REGULARIZERS.values() if "image" in r.kinds and (not r.sites or set(r.sites) & sites)
    ]  # fmt: skip
    assert sorted(heads) == sorted(fitting)
    assert heads[:2] == ["dropout", "batchnorm"]  # what is on comes first, in the stack's order


@pytest.fixture
def text_arm() -> Arm:
    return loads(TEXT, source="test", id="text").arm("base")


def test_a_text_arm_is_offered_what_acts_on_text(text_arm: Arm) -> None:
    rows = stack_rows(text_arm, frozenset(GROUPS))
    names = {row.regularizer.name for row in rows if row.regularizer}
    assert "synonym_replacement" in names and not names & {"flip", "mixup", "dropout2d", "randaugment"}
    assert "data.length" in {row.key for row in rows} and not any("shift" in row.key for row in rows)


def test_padding_is_spoken_of_where_there_is_any(arm: Arm) -> None:
    of_text = loads(TEXT + "stack = [{ batchnorm = {} }]\n", source="test", id="text").arm("base")
    assert [any(row.label == "Padding mask" for row in stack_rows(one)) for one in (arm, of_text)] == [False, True]


def test_a_checkpoint_is_shown_from_its_end_and_no_key_changes_it() -> None:
    checkpoint = 'model = { name = "hf_encoder", checkpoint = "google-bert/bert-base-uncased" }'
    arm = loads(TEXT.replace('model = { name = "bert" }', checkpoint), source="test", id="text").arm("base")
    row = setting_row(arm, "model.checkpoint")
    assert row.param is not None and row.value is not None
    assert nudged(row.param, row.value, 1) == row.value and not is_numeric(row.param)
    drawn = "".join(text for text, _ in row_line(row, 40, selected=True, focused=True))
    assert len(drawn) == 40 and drawn.rstrip().endswith("…-uncased")


def test_a_length_moves_from_one_to_the_next(text_arm: Arm) -> None:
    row = setting_row(text_arm, "data.length")
    assert row.param is not None and row.value == 24
    lengths = [nudged(row.param, 24, presses) for presses in (-2, -1, 1, 2)]
    assert lengths == [16, 16, 40, 40]
    assert all(apply_setting(text_arm, "data.length", length).data.length == length for length in lengths)


def test_what_is_off_stands_under_the_heading_of_its_section(arm: Arm) -> None:
    laid = laid_out(stack_rows(arm), is_tall=False)
    headings = [item for item in laid if isinstance(item, str)]
    assert headings == ["layers", "norms", "weights", "augmentation", "targets", "optimization"]
    first = laid.index("layers")
    assert all(isinstance(item, str) or item.kind == "group" or item.is_on for item in laid[:first])


def test_every_row_can_be_applied_to_the_arm(arm: Arm) -> None:
    for row in stack_rows(arm, frozenset(GROUPS)):
        if row.set_key and row.value is not None:
            assert apply_setting(arm, row.set_key, row.value) == arm


def test_a_press_stays_within_the_range(arm: Arm) -> None:
    for row in stack_rows(arm, frozenset(GROUPS)):
        if row.param is not None and row.value is not None:
            for presses in (-1, 1, 50, -50):
                assert row.param.problem(nudged(row.param, row.value, presses)) is None


def test_the_learning_rate_climbs_by_1_2_5(arm: Arm) -> None:
    lr = next(row for row in stack_rows(arm, frozenset({"train"})) if row.set_key == "train.lr")
    assert lr.param is not None
    assert [nudged(lr.param, 2e-3, n) for n in (-2, -1, 1, 2)] == pytest.approx([5e-4, 1e-3, 5e-3, 1e-2])


@pytest.mark.parametrize("value", [0.3, 0.125, 0.0025, 1e-5, 0.0, 1.0])
def test_a_shown_number_is_the_number(value: float) -> None:
    for record in REGULARIZERS.values():
        for param in record.params:
            if param.kind == "float":
                assert float(exact(param, value)) == value


def test_typed_text_is_a_value_or_a_sentence(arm: Arm) -> None:
    p = next(row.param for row in stack_rows(arm) if row.key.startswith("dropout"))
    assert p is not None and is_numeric(p)
    assert parsed(p, ".45") == 0.45
    for text in ("1.5", "nan", "1e999", "-.1", "."):
        assert isinstance(parsed(p, text), str)
