"""What the turns add up to, without measuring anything."""

from __future__ import annotations

import msgspec
import pytest

from regtui.bench.protocol import Loader, Ready, Settled, Spent, sizes_for
from regtui.bench.quiet import Disturbance
from regtui.bench.racing import Traffic
from regtui.bench.report import TIMES, Besides, Memory, Ratios, Report, report
from regtui.bench.slices import Turn

SIZES = sizes_for("cpu", quick=False)
OTHERS: list[Turn] = [
    {"engine_randaugment": Spent(1, 4.0, 4.0), "loader_randaugment": Spent(1, 6.0, 8.0)},
    {"serial": Spent(18, 10.0, 9.0), "together": Spent(18, 6.0, 9.0), "loader": Spent(1, 4.0, 6.0)},
    {"live": Spent(97, 1.0, 1.0), "headless": Spent(100, 1.0, 1.0)},
    {"short": Spent(1, 0.010, 0.01), "long": Spent(1, 0.011, 0.01)},
]


def turn(engine: float, **more: float) -> Turn:
    """The engine takes so many seconds a step, the bare loop 1, the DataLoader loop 4; twice that of a CPU."""
    seconds = {"engine": engine, "bare": 1.0, "loader": 4.0} | more
    return {way: Spent(1, wall, None if way == "graph" else 2 * wall) for way, wall in seconds.items()}


def put_together(*turns: Turn, without_graph: str = "no GPU", **more: object) -> Report:
    settled = Settled(Loader(1, 2), Loader(2, 1), without_graph)
    traffic = Traffic(seconds=[1.0, 3.0], told=[500, 3500], shown=[0.1, 0.3])
    besides = Besides(2, 5.0, Memory(1, 2), 0.5, Disturbance(0.0, 0.0), traffic, **more)  # type: ignore[arg-type]
    return report(Ready("cpu", "2 cores", "2.0"), settled, SIZES, [*turns, *OTHERS], besides)


def test_more_is_better_for_speeds_and_less_for_times() -> None:
    found = put_together(turn(engine=2.0)).ratios
    assert found.engine_over_bare == 0.5 and found.engine_over_loader == 2.0
    assert found.engine_over_loader_randaugment == 1.5
    assert found.race_over_serial == 0.6, "time of the race over time one by one"
    assert found.race_over_loader == 12.0, "3 batches a second in sum over a quarter of one"
    assert found.live_over_headless == 0.97 and found.long_history_over_short == pytest.approx(1.1)


def test_a_ratio_is_the_median_of_the_turns_and_comes_with_its_interval_and_cpu_time() -> None:
    found = put_together(turn(1.0), turn(4.0), turn(2.0))
    assert found.ratios.engine_over_bare == 0.5
    assert found.absolute["interval95"]["engine_over_bare"] == [0.25, 1.0]
    assert found.absolute["pairs"]["engine_over_bare"] == 3
    assert found.absolute["cpu_ratios"]["race_over_serial"] == 1.0
    assert found.absolute["cpu_ratios"]["engine_over_loader_randaugment"] == 2.0
    assert found.absolute["samples_per_s"]["engine"] == SIZES.batch_size / 2


def test_what_was_not_measured_is_null_with_its_reason() -> None:
    without = put_together(turn(1.0))
    assert without.ratios.engine_over_graph is None
    assert without.absolute["not_measured"] == {"engine_over_graph": "no GPU"}
    assert without.ratios.engine_bf16_over_loader is None and without.absolute["pairs"]["engine_bf16_over_loader"] == 0
    with_graph = put_together(turn(1.0, graph=0.9), without_graph="")
    assert with_graph.ratios.engine_over_graph == 0.9 and with_graph.absolute["not_measured"] == {}
    assert with_graph.absolute["cpu_ratios"]["engine_over_graph"] is None, "the CPU time was not told"


def test_the_price_of_looking_is_told_a_second() -> None:
    watched = put_together(turn(1.0)).absolute["watched"]
    assert watched["event_bytes_per_s"] == 1000 and watched["explorer_cpu_share"] == 0.1


def test_the_screen_has_figures_or_a_reason() -> None:
    seen = put_together(turn(1.0), without_graph="", screen={"ui_bytes": 1})
    assert seen.absolute["screen"] == {"ui_bytes": 1} and seen.absolute["not_measured"] == {}
    unseen = put_together(turn(1.0), without_graph="", without_screen="no terminals")
    assert unseen.absolute["screen"] is None and unseen.absolute["not_measured"] == {"screen": "no terminals"}


def test_the_object_has_the_keys_that_programs_read() -> None:
    printed = msgspec.json.decode(msgspec.json.encode(put_together(turn(1.0))))
    assert list(printed) == ["device", "machine", "ratios", "absolute"]
    assert list(printed["ratios"]) == [
        "engine_over_bare", "engine_over_loader", "engine_over_loader_randaugment", "engine_over_graph",
        "engine_bf16_over_loader", "race_over_serial", "race_over_loader", "live_over_headless",
        "long_history_over_short",
    ]  # fmt: skip
    assert list(TIMES) == list(Ratios.__struct_fields__)


@pytest.mark.parametrize("device", ["cpu", "cuda:0"])
def test_quick_is_less_of_everything_that_is_repeated(device: str) -> None:
    full, quick = sizes_for(device, quick=False), sizes_for(device, quick=True)
    for name in ("rounds", "slices", "races", "race_epochs", "looks", "live_epochs"):
        assert 0 < getattr(quick, name) < getattr(full, name)
    assert (quick.width, quick.batch_size, quick.slice_steps) == (full.width, full.batch_size, full.slice_steps)
