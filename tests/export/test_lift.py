"""Definitions of the engine taken into a script."""

from __future__ import annotations

import pytest

from regtui.export.script.lift import Lifted


def test_a_definition_comes_with_all_that_it_needs_and_before_it() -> None:
    lifted = Lifted()
    lifted.take("regularizers.mixing", "cutmix")
    lifted.take("regularizers.mixing", "_edges")
    text = lifted.text()
    assert text.count("def _edges(") == 1 and text.index("def _edges(") < text.index("def cutmix(")
    assert "def mixup(" not in text


def test_annotations_and_comments_to_tools_go_and_all_else_stays() -> None:
    lifted = Lifted()
    lifted.take("models.norms", "BatchNorm")
    text = lifted.text()
    assert "Tensor" not in text and "type: ignore" not in text and "fmt: skip" not in text
    assert '"""Every shape is welcome."""' in text and "# (N, 1)" in text
    assert "frozen: " not in text, "a field that is only declared says nothing without its annotation"


def test_what_is_read_from_a_module_of_the_engine_is_lifted_without_the_name_of_the_module() -> None:
    lifted = Lifted()
    lifted.take("regularizers.policies", "motion")
    text = lifted.text()
    assert "warp." not in text and "def compose(" in text and "compose(sheared, moved)" in text


def test_what_a_script_calls_otherwise_is_renamed_where_it_is_used() -> None:
    lifted = Lifted()
    lifted.take("recalibrate", "recalibrate")
    text = lifted.text()
    assert (
        "SAMPLES_A_PASS = 500" in text and "len(inputs) / SAMPLES_A_PASS" in text and "at most SAMPLES_A_PASS" in text
    )


def test_a_name_that_is_not_there_or_stands_for_two_things_is_an_error_of_ours() -> None:
    lifted = Lifted()
    with pytest.raises(LookupError, match="defines no nothing"):
        lifted.take("warp", "nothing")
    lifted.take("models.resnet", "Block")
    with pytest.raises(LookupError, match=r"is defined in .*\.resnet and in .*\.mbconv"):
        lifted.take("models.mbconv", "Block")
