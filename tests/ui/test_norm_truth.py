"""BatchNorm laid open as lines: the sentence follows the numbers, and the columns line up in every width."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regtui.events import Measured, NormTruth, Recalibrated
from regtui.norm_truth import Distance, LayerTruth, Moments
from regtui.ui.norm_truth import cause, conclusion, layer_of, memory, percent, recalibrated_lines, truth_lines
from regtui.ui.text import plain, width

LAYER = LayerTruth(
    name="conv1.norm", channels=40, momentum=0.1, batches=30, frozen=False, count=5, set_count=1000,
    running=Moments([-0.5, 0.25], [1.5, 0.02]), batch=Moments([0.5, 0.25], [1.25, 0.02]),
    whole=Moments([0.25, 0.125], [2.0, 0.02]), running_off=Distance(0.3, 0.8, 0.25), batch_off=Distance(0.1, 1.1, 0.1),
)  # fmt: skip
CLOSE = Distance(0.001, 1.001, 0.005)


def changed(**fields: object) -> LayerTruth:
    return msgspec.structs.replace(LAYER, **fields)


@pytest.mark.parametrize("room", [66, 72, 110, 118])
def test_every_row_fits_and_columns_line_up(room: int) -> None:
    rows = truth_lines(NormTruth(ask="?", layers=[LAYER, changed(name="conv2.norm")], samples=100), 1, room)
    assert max(map(width, rows)) <= room
    texts = [plain(row) for row in rows]
    head = next(text for text in texts if text.lstrip().startswith("running"))
    first = next(text for text in texts if text.startswith("   1"))
    assert len(head) == len(first)
    # Biased is what training divides by: n - 1 of n values.
    assert first.split() == ["1", "-0.500", "0.500", "0.250", "1.50", "1.25", "1.00", "2.00", "2.00"]
    assert any(text.startswith("▸ conv2") and "×0.80" in text and "±28 %" in text for text in texts)
    assert any("channels 1-2 of 40; n = 5" in text for text in texts)


def test_of_many_layers_those_around_the_chosen_one_are_listed() -> None:
    truth = NormTruth(ask="?", layers=[changed(name=f"conv{i}.norm") for i in range(1, 54)])
    for chosen, listed in ((0, "layers 1-12 of 53"), (30, "layers 25-36 of 53"), (52, "layers 42-53 of 53")):
        texts = [plain(row) for row in truth_lines(truth, chosen, 80)]
        assert sum("σ" in text and "conv" in text[:8] for text in texts) == 12
        assert f"  {listed}" in texts and any(text.startswith(f"▸ conv{chosen + 1} ") for text in texts)


def test_the_sentence_names_the_layer_that_is_furthest_off() -> None:
    other = changed(name="conv2.norm", running_off=Distance(0.05, 0.5, 0.7))
    assert "Furthest from the truth is conv2: the running variance is 0.50 times" in conclusion([LAYER, other])
    assert "Furthest from the truth is conv1" in conclusion([changed(running_off=Distance(0.9, 1.0, 0.0)), other])
    assert "to within 2 %" in conclusion([changed(running_off=CLOSE)])
    assert "No layer keeps running statistics" in conclusion([changed(running=None, running_off=None)])


numbers = st.floats(allow_nan=True, allow_infinity=True)
distances = st.builds(Distance, numbers, st.floats(min_value=0) | st.just(float("nan")), st.floats(min_value=0))
moments = st.lists(numbers, min_size=3, max_size=3).flatmap(
    lambda mean: st.builds(Moments, st.just(mean), st.just(mean))
)


@given(distances, distances, moments, moments, st.integers(66, 118))
def test_any_numbers_can_be_shown(
    running_off: Distance, batch_off: Distance, running: Moments, whole: Moments, room: int
) -> None:
    layer = changed(running_off=running_off, batch_off=batch_off, running=running, batch=whole, whole=whole)
    assert max(map(width, truth_lines(NormTruth(ask="?", layers=[layer]), 0, room))) <= room


def test_batches_that_are_as_far_off_are_told_from_averages_that_lag() -> None:
    assert "as far off" in cause(Distance(0.0, 1.5, 0.4), Distance(0.0, 1.45, 0.4))
    assert "lags behind" in cause(Distance(0.0, 0.5, 0.7), Distance(0.0, 1.02, 0.1))


def test_the_memory_of_a_momentum_is_told_in_steps() -> None:
    told = memory(LAYER)
    assert "1/m = 10 steps behind" in told and "After 30 batches 4.2 % is left" in told
    assert "plain mean over all 30 batches" in memory(changed(momentum=None))
    assert "Frozen" in memory(changed(frozen=True)) and "no batch" in memory(changed(momentum=0.0))
    assert "trains in eval()" in memory(LAYER, "eval") and "nothing is left" in memory(changed(batches=1000))
    assert memory(changed(running=None)) == "It keeps no running statistics."


def test_large_errors_are_factors_and_small_ones_percent() -> None:
    assert [percent(Distance(0, 1, spread)) for spread in (0.0, 0.1, 1.1)] == ["±0 %", "±11 %", "×3"]


def test_a_click_finds_the_layer_of_its_row() -> None:
    truth = NormTruth(ask="?", layers=[LAYER, changed(name="conv2.norm")])
    found = [layer_of(row, truth) for row in truth_lines(truth, 0, 80)]
    assert [number for number in found if number is not None] == [0, 1]


def test_a_recalibration_that_cannot_be_made_says_why() -> None:
    rows = recalibrated_lines(Recalibrated(ask="?", trouble="It has no BatchNorm."), 80)
    assert plain(rows[0]) == "It has no BatchNorm."
    assert recalibrated_lines(None, 80) == []
    worse = Recalibrated(
        ask="?", split="test", before=Measured(loss=1, accuracy=60.0), after=Measured(loss=1, accuracy=58.0)
    )
    assert "(-2.0 points)" in " ".join(plain(row) for row in recalibrated_lines(worse, 80))
