"""Trouble is told once, when it is there and not because a number wavers, and never where nothing is wrong."""

from __future__ import annotations

import math
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from regtui.event_parts import LayerInside
from regtui.trouble import DEAD, EXPLODING, Found, Watch, label, sentence


def layer(name: str = "conv1", *, dead: float = 0.0, grad: float = 1.0, weight: float = 1.0) -> LayerInside:
    return LayerInside(name=name, mean=0.0, std=1.0, dead=dead, grad=grad, weight=weight)


def seen(*probes: list[LayerInside]) -> list[tuple[int, Found]]:
    """What was found, with the number of the probe."""
    watch = Watch()
    return [(i, found) for i, layers in enumerate(probes) for found in watch.see(layers)]


def test_dying_units_are_told_at_the_second_probe_in_a_row() -> None:
    shares = [0.6, 0.1, 0.7, 0.8, 0.9]
    assert seen(*([layer(dead=share)] for share in shares)) == [(3, Found("dying", "conv1", 0.8, False))]


def test_between_the_limits_nothing_is_told_and_below_both_it_is_over_once() -> None:
    shares = [0.6, 0.6, 0.4, 0.6, 0.6, 0.3, 0.1, 0.7, 0.7, 0.1]
    assert seen(*([layer(dead=share)] for share in shares)) == [
        (1, Found("dying", "conv1", 0.6, False)),
        (6, Found("dying", "conv1", 0.1, True)),
    ]


def test_one_exploding_gradient_is_enough_and_is_judged_by_the_length_of_the_weight() -> None:
    assert seen([layer(grad=1e4, weight=1e3)]) == []
    assert seen([layer(grad=2e3, weight=10.0)]) == [(0, Found("exploding", "conv1", 200.0, False))]
    assert seen([layer(grad=math.inf)])[0][1].kind == "exploding"


def test_a_gradient_vanishes_against_those_of_the_other_layers() -> None:
    fading = [layer("conv1", grad=1e-9), layer("conv2", grad=1e-3)]
    assert seen(fading, fading) == [(1, Found("vanishing", "conv1", 1e-6, False))]
    learned = [layer("conv1", grad=1e-9), layer("conv2", grad=2e-9)]
    began = [layer("conv1"), layer("conv2")]
    assert seen(began, *[learned] * 5) == [], "all of them are small where the batch has been learned"


def test_gradients_that_were_never_larger_than_rounding_have_vanished_everywhere() -> None:
    found = seen(*[[layer("conv1", grad=1e-11), layer("conv2", grad=1e-11)]] * 3)
    assert [(at, one.layer, one.kind) for at, one in found] == [(1, "conv1", "vanishing"), (1, "conv2", "vanishing")]


def test_what_is_no_number_and_a_weight_of_zero_are_no_trouble() -> None:
    assert seen(*[[layer(grad=math.nan, dead=math.nan), layer("conv2", weight=0.0, grad=0.0)]] * 3) == []


probes = st.lists(
    st.tuples(*[st.tuples(st.floats(0, 1), st.floats(0, 1e6), st.floats(0, 1e3))] * 2), min_size=1, max_size=12
)


@given(probes)
def test_a_kind_and_layer_begins_once_and_is_over_at_most_once_after_it(
    given: list[tuple[tuple[float, float, float], ...]],
) -> None:
    found = seen(*(
        [layer(f"conv{i}", dead=dead, grad=grad, weight=weight) for i, (dead, grad, weight) in enumerate(layers)]
        for layers in given
    ))  # fmt: skip
    told: Counter[tuple[str, str]] = Counter()
    for _, one in found:
        told[one.kind, one.layer] += 1
        assert told[one.kind, one.layer] == (2 if one.over else 1)
        if not one.over:
            assert one.kind != "dying" or one.value >= DEAD
            assert one.kind != "exploding" or one.value >= EXPLODING


def test_a_sentence_names_layer_value_and_step() -> None:
    assert sentence("dying", ["conv3"], 0.625, 40) == "units die in conv3 at step 40 (62 % are 0)"
    assert sentence("exploding", ["conv1", "conv2"], 1234.5, 1) == (
        "gradients explode in 2 layers, first conv1 at step 1 (1.23e+03 times the weight)"
    )
    assert label("vanishing") == "gradients vanish"
