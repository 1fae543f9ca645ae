"""The benchmark in small: it measures everything, whatever the figures are."""

from __future__ import annotations

import math

import msgspec
import pytest

from regtui import machine
from regtui.bench.measure import measure
from regtui.bench.protocol import BenchError, Sizes
from regtui.bench.report import Ratios, Report

pytestmark = [pytest.mark.bench, pytest.mark.timeout(300)]

TINY = Sizes(rounds=2, width=2, batch_size=20, samples=100, trial_steps=1, slice_steps=4, slices=2, race_epochs=1,
             races=1, live_epochs=2, looks=1, history_steps=5000, draws=1)  # fmt: skip


async def test_every_ratio_is_measured_and_the_machine_is_named() -> None:
    told: list[str] = []
    report = await measure("cpu", told.append, quick=True, sizes=TINY)
    assert told[-1] == "round 2 of 2"
    assert report.device == "cpu" and report.machine["cores"] >= 1 and report.machine["torch"]
    ratios = msgspec.structs.asdict(report.ratios)
    assert ratios.pop("engine_over_graph") is None and "CUDA" in report.absolute["not_measured"]["engine_over_graph"]
    if not machine.has_bf16():
        assert ratios.pop("engine_bf16_over_loader") is None
    assert all(math.isfinite(value) and value > 0 for value in ratios.values())
    for name, value in ratios.items():
        low, high = report.absolute["interval95"][name]
        assert low <= value <= high
        assert report.absolute["pairs"][name] >= 2 and report.absolute["cpu_ratios"][name] > 0
    assert 0 <= report.absolute["stolen_share"] <= 1 and report.absolute["others_share"] >= 0
    screen = report.absolute["screen"]
    assert screen["bytes_per_s"]["idle"] == 0 < screen["bytes_per_s"]["training"] and screen["ui_bytes"] > 0
    assert 0 < screen["key_ms"]["idle"]["p50"] <= screen["key_ms"]["idle"]["p95"]
    printed = msgspec.json.decode(msgspec.json.encode(report))
    assert list(printed) == ["device", "machine", "ratios", "absolute"]
    assert list(printed["ratios"]) == list(Ratios.__struct_fields__)
    assert msgspec.convert(printed, Report).ratios == report.ratios


async def test_a_device_that_is_not_here_is_a_sentence() -> None:
    with pytest.raises(BenchError, match="'cuda:77' is not on this machine; there is cpu"):
        await measure("cuda:77", lambda _: None, quick=True)
