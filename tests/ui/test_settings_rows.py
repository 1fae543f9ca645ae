"""The rows of the stack pane: complete, exact, and bounded by the catalog."""

from __future__ import annotations

import pytest

from regtui.catalog import REGULARIZERS
from regtui.scenario import Arm, Scenario, apply_setting
from regtui.ui.settings import GROUPS, exact, is_numeric, nudged, parsed, stack_rows


@pytest.fixture
def arm(ladder: Scenario) -> Arm:
    return ladder.arm("+ BatchNorm")


def test_every_regularizer_that_fits_the_model_is_offered_once(arm: Arm) -> None:
    heads = [row.regularizer.name for row in stack_rows(arm) if row.kind == "regularizer" and row.regularizer]
    sites = {"input", "conv", "activation", "block", "head"}
    fitting = [r.name for r in REGULARIZERS.values() if not r.sites or set(r.sites) & sites]
    assert sorted(heads) == sorted(fitting)
    assert heads[:2] == ["dropout", "batchnorm"]  # what is on comes first, in the stack's order


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
