"""What the rounds add up to, without measuring anything."""

from __future__ import annotations

import msgspec
import pytest

from regtui.bench.protocol import Loader, Ready, Round, Settled, sizes_for
from regtui.bench.racing import Raced, Watched
from regtui.bench.report import Memory, Report, Turn, report

SIZES = sizes_for("cpu", quick=False)


def turn(engine: float, graph: float | None = None) -> Turn:
    """The engine takes so many seconds a step, the bare loop 1, the DataLoader loop 4."""
    steps = Round(engine, bare=1.0, loader=4.0, engine_randaugment=2 * engine, loader_randaugment=6.0, graph=graph)
    race = Raced(together=6.0, serial=10.0, samples=SIZES.batch_size * 18)
    return Turn(steps, race, Watched(live=97.0, headless=100.0, traffic=800.0), short=0.010, long=0.011)


def put_together(*turns: Turn, without_graph: str = "no GPU") -> Report:
    settled = Settled(Loader(1, 2), Loader(2, 1), without_graph)
    return report(Ready("cpu", "2 cores", "2.0"), settled, SIZES, turns, workers=2, hello=5.0, memory=Memory(1, 2),
                  load=0.5)  # fmt: skip


def test_more_is_better_for_speeds_and_less_for_times() -> None:
    found = put_together(turn(engine=2.0)).ratios
    assert found.engine_over_bare == 0.5 and found.engine_over_loader == 2.0
    assert found.engine_over_loader_randaugment == 1.5
    assert found.race_over_serial == 0.6, "time of the race over time one by one"
    assert found.race_over_loader == 12.0, "3 batches a second in sum over a quarter of one"
    assert found.live_over_headless == 0.97 and found.long_history_over_short == pytest.approx(1.1)


def test_a_ratio_is_the_median_of_the_rounds_and_comes_with_their_range() -> None:
    found = put_together(turn(1.0), turn(4.0), turn(2.0))
    assert found.ratios.engine_over_bare == 0.5
    assert found.absolute["spread"]["engine_over_bare"] == [0.25, 1.0]
    assert found.absolute["samples_per_s"]["engine"] == SIZES.batch_size / 2


def test_what_was_not_measured_is_null_with_its_reason() -> None:
    without = put_together(turn(1.0))
    assert without.ratios.engine_over_graph is None
    assert without.absolute["not_measured"] == {"engine_over_graph": "no GPU"}
    assert without.ratios.engine_bf16_over_loader is None
    with_graph = put_together(turn(1.0, graph=0.9), without_graph="")
    assert with_graph.ratios.engine_over_graph == 0.9 and with_graph.absolute["not_measured"] == {}


def test_the_screen_has_figures_or_a_reason() -> None:
    parts = Ready("cpu", "2 cores", "2.0"), Settled(Loader(1, 2), Loader(2, 1), ""), SIZES, [turn(1.0)]
    rest = {"workers": 2, "hello": 5.0, "memory": Memory(1, 2), "load": None}
    seen = report(*parts, **rest, screen={"ui_bytes": 1})  # type: ignore[arg-type]
    assert seen.absolute["screen"] == {"ui_bytes": 1} and seen.absolute["not_measured"] == {}
    unseen = report(*parts, **rest, without_screen="no terminals")  # type: ignore[arg-type]
    assert unseen.absolute["screen"] is None and unseen.absolute["not_measured"] == {"screen": "no terminals"}


def test_the_object_has_the_keys_that_programs_read() -> None:
    printed = msgspec.json.decode(msgspec.json.encode(put_together(turn(1.0))))
    assert list(printed) == ["device", "machine", "ratios", "absolute"]
    assert list(printed["ratios"]) == [
        "engine_over_bare", "engine_over_loader", "engine_over_loader_randaugment", "engine_over_graph",
        "engine_bf16_over_loader", "race_over_serial", "race_over_loader", "live_over_headless",
        "long_history_over_short",
    ]  # fmt: skip


@pytest.mark.parametrize("device", ["cpu", "cuda:0"])
def test_quick_is_less_of_everything_that_is_repeated(device: str) -> None:
    full, quick = sizes_for(device, quick=False), sizes_for(device, quick=True)
    assert 2 < quick.rounds < full.rounds and full.rounds >= 5
    assert 0 < quick.steps < full.steps and quick.width == full.width and quick.batch_size == full.batch_size
