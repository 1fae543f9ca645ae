"""Earlier probes take less memory and show what they showed."""

from __future__ import annotations

import math
import tracemalloc
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from regtui.event_parts import HISTOGRAM_BINS, LayerInside, NormLayer
from regtui.events import Evaluated, Inside, Measured, Norms, decode, encode
from regtui.spec import RunSpec
from regtui.store import RunHistory
from regtui.store.slim import mean, slim

CHANNELS = st.lists(st.floats(), max_size=16)


def norms(step: int, values: list[float]) -> Norms:
    layer = NormLayer(
        name=f"conv{step % 1}.norm", kind="batchnorm", channels=16, batch_mean=values, batch_var=values[1:], count=80,
        running_mean=values, running_var=values, set_mean=values, set_var=[],
    )  # fmt: skip
    return Norms(run="r", step=step, layers=[layer] * 6)


def inside(step: int, histogram: list[int]) -> Inside:
    layer = LayerInside(name="conv1", mean=step / 7, std=step / 3, dead=0.1, grad=step / 9, histogram=histogram)
    return Inside(run="r", step=step, layers=[layer] * 6)


@given(CHANNELS)
@example([1.7e308] * 3)
def test_the_mean_over_the_channels_of_a_norm_stays_as_it_was(values: list[float]) -> None:
    (was, *_), (now, *_) = norms(1, values).layers, slim(slim(norms(1, values))).layers
    for field in ("batch_mean", "batch_var", "running_mean", "running_var", "set_mean", "set_var"):
        before, after = getattr(was, field), getattr(now, field)
        assert bool(before) == bool(after), "whether it was measured"
        assert not before or mean(before) == mean(after) or (math.isnan(mean(before)) and math.isnan(mean(after)))
    assert (now.name, now.kind, now.channels, now.count) == (was.name, was.kind, was.channels, was.count)


@given(st.lists(st.integers(-(2**40), 2**40), max_size=HISTOGRAM_BINS))
def test_a_histogram_stays_as_it_was_whatever_a_record_says(parts: list[int]) -> None:
    event = inside(3, parts)
    thin = slim(slim(event))
    assert [list(layer.histogram) for layer in thin.layers] == [parts] * 6
    assert [layer.std for layer in thin.layers] == [1.0] * 6


@pytest.mark.parametrize(
    "probe",
    [
        lambda step: norms(step, [step + i / 7 for i in range(16)]),
        lambda step: inside(step, [300 + step + i for i in range(HISTOGRAM_BINS)]),
    ],
    ids=["norms", "inside"],
)
def test_a_run_keeps_its_probes_in_half_the_memory_and_the_latest_whole(probe: Callable[[int], Norms | Inside]) -> None:
    lines = [encode(probe(step)) for step in range(200)]
    tracemalloc.start()
    try:
        whole = [decode(line) for line in lines]
        plain = tracemalloc.get_traced_memory()[0]
        run = RunHistory("r", RunSpec(scenario="s", arm="a", seed=0))
        for line in lines:
            event = decode(line)
            assert isinstance(event, (Norms, Inside))
            run.apply(event)
        kept = tracemalloc.get_traced_memory()[0] - plain
    finally:
        tracemalloc.stop()
    events = run.norms or run.insides
    assert kept < plain / 2 and len(events) == len(whole)
    assert events[-1] == whole[-1]


@pytest.mark.parametrize("studied", [{}, {"weights.norm": 1.5}])
def test_an_evaluation_is_kept_as_it_came_and_shares_what_all_have(studied: dict[str, float]) -> None:
    run = RunHistory("r", RunSpec(scenario="s", arm="a", seed=0))
    whole = Measured(loss=0.5, accuracy=50.0)
    told = [
        Evaluated(run="a long name", step=step, epoch=1.0, seconds=1.0, train=whole, test=whole, studied=studied)
        for step in (1, 2)
    ]
    for event in told:
        line = decode(encode(event))
        assert isinstance(line, Evaluated)
        run.apply(line)
    assert run.evaluations == told
    first, second = run.evaluations
    assert first.run is second.run and (first.studied is second.studied) == (not studied)
