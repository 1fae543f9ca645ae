"""What the turns add up to: ratios, and the figures behind them."""

from __future__ import annotations

import platform
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from regtui import __version__, machine
from regtui.bench.history import SHORT
from regtui.bench.protocol import Ready, Settled, Sizes
from regtui.bench.quiet import Disturbance
from regtui.bench.racing import Traffic
from regtui.bench.slices import Turn, cpu_ratio, summary, wall_ratio

WAYS = ("engine", "bare", "loader", "engine_randaugment", "loader_randaugment", "graph", "engine_bf16")
"""Ways of training whose speed is told."""


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes that a process holds at the end; 0 where the system does not tell."""

    ui: int
    """The explorer and everything that the benchmark itself keeps."""
    worker: int
    """The largest worker."""


@dataclass(frozen=True, slots=True)
class Besides:
    """What is told beside the turns."""

    workers: int
    hello: float
    """Seconds until all workers have said hello."""
    memory: Memory
    load: float | None
    """Before the start, mean of a minute."""
    disturbance: Disturbance
    traffic: Traffic = field(default_factory=Traffic)
    screen: dict[str, Any] | None = None
    without_screen: str = ""
    """Why there are no figures of the screen."""


class Ratios(msgspec.Struct, frozen=True):
    """Medians over neighbouring slices; more is better but where it says time."""

    engine_over_bare: float
    """Speed of the engine, crop and flip and events on, over that of forward, backward, step on one batch."""
    engine_over_loader: float
    """Speed of the engine with crop and flip over that of the DataLoader loop."""
    engine_over_loader_randaugment: float
    """The same with RandAugment on both sides."""
    engine_over_graph: float | None
    """Speed of the engine over that of a whole step, crop and flip in it, as one CUDA graph; null without CUDA."""
    engine_bf16_over_loader: float | None
    """Speed of the engine in bf16 with crop and flip over that of the DataLoader loop in fp32; null without bf16."""
    race_over_serial: float
    """Time of four arms together over that of the same one after the other: less is better."""
    race_over_loader: float
    """Training samples a second of the four arms in sum over those of the DataLoader loop."""
    live_over_headless: float
    """Steps a second with explorer, probes and store over those with nothing but the same evaluation points."""
    long_history_over_short: float
    """Time to draw the charts of a long history over that of 1,000 steps: 1 is best."""


TIMES = {
    "engine_over_bare": ("bare", "engine"),
    "engine_over_loader": ("loader", "engine"),
    "engine_over_loader_randaugment": ("loader_randaugment", "engine_randaugment"),
    "engine_over_graph": ("graph", "engine"),
    "engine_bf16_over_loader": ("loader", "engine_bf16"),
    "race_over_serial": ("together", "serial"),
    "race_over_loader": ("loader", "together"),
    "live_over_headless": ("headless", "live"),
    "long_history_over_short": ("long", "short"),
}
"""Each ratio as seconds a step above seconds a step below."""


class Report(msgspec.Struct, frozen=True):
    """What `regtui bench --json` prints."""

    device: str
    machine: dict[str, Any]
    ratios: Ratios
    absolute: dict[str, Any]


def report(ready: Ready, settled: Settled, sizes: Sizes, turns: Sequence[Turn], besides: Besides) -> Report:
    """The figures of all turns, at least one of each kind, put together."""
    wall, cpu = ({name: _ratio(turns, name, ratio) for name in TIMES} for ratio in (wall_ratio, cpu_ratio))
    reasons = {
        "engine_over_graph": settled.without_graph,
        "engine_bf16_over_loader": settled.without_bf16,
        "screen": besides.without_screen,
    }
    traffic, memory = besides.traffic, besides.memory
    return Report(
        device=ready.device,
        machine={
            "device": ready.label, "cpu": machine.cpu_name(), "cores": machine.cores(),
            "memory_bytes": machine.memory(), "load_1min": besides.load, "system": platform.platform(),
            "python": platform.python_version(), "torch": ready.torch, "regtui": __version__,
        },
        ratios=Ratios(**{name: found[0] if found else None for name, found in wall.items()}),  # type: ignore[arg-type]
        absolute={
            "interval95": {name: found[1] if found else None for name, found in wall.items()},
            "cpu_ratios": {name: found[0] if found else None for name, found in cpu.items()},
            "cpu_interval95": {name: found[1] if found else None for name, found in cpu.items()},
            "pairs": {name: sum(not {above, below} - turn.keys() for turn in turns)
                      for name, (above, below) in TIMES.items()},
            "others_share": besides.disturbance.others, "stolen_share": besides.disturbance.stolen,
            "warning": besides.disturbance.warning,
            "not_measured": {name: reason for name, reason in reasons.items() if reason},
            "model": f"6-conv CNN of width {sizes.width}, fp32, AdamW, batches of {sizes.batch_size} pictures 1x28x28",
            "loader": settled.loader, "loader_randaugment": settled.loader_randaugment,
            "samples_per_s": {way: _rate(turns, way, sizes.batch_size) for way in WAYS},
            "race": {"arms": 4, "workers": besides.workers, "together_s": _seconds(turns, "together"),
                     "serial_s": _seconds(turns, "serial")},
            "watched": {
                "live_steps_per_s": _rate(turns, "live"), "headless_steps_per_s": _rate(turns, "headless"),
                "event_bytes_per_s": _share(traffic.told, traffic.seconds),
                "explorer_cpu_share": _share(traffic.shown, traffic.seconds),
            },
            "draw_ms": {str(SHORT): _seconds(turns, "short", 1000),
                        str(sizes.history_steps): _seconds(turns, "long", 1000)},
            "workers_hello_s": round(besides.hello, 2),
            "memory_bytes": {"ui": memory.ui, "worker": memory.worker},
            "screen": besides.screen,
        },
    )  # fmt: skip


def _ratio(
    turns: Sequence[Turn], name: str, ratio: Callable[[Turn, str, str], float | None]
) -> tuple[float, list[float]] | None:
    """Median and interval of a ratio; None where nothing is known of it."""
    above, below = TIMES[name]
    both = [turn for turn in turns if not {above, below} - turn.keys()]
    values = [value for turn in both if (value := ratio(turn, above, below)) is not None]
    return summary(values) if values else None


def _rate(turns: Sequence[Turn], way: str, batch: int = 1) -> float | None:
    """Steps a second, times the batch."""
    rates = [turn[way].steps * batch / turn[way].wall for turn in turns if way in turn]
    return round(statistics.median(rates), 3) if rates else None


def _seconds(turns: Sequence[Turn], way: str, unit: int = 1) -> float | None:
    """Of a whole slice, in parts of a second of which `unit` make one."""
    walls = [turn[way].wall * unit for turn in turns if way in turn]
    return round(statistics.median(walls), 3) if walls else None


def _share(part: Sequence[float], whole: Sequence[float]) -> float | None:
    return round(sum(part) / sum(whole), 3) if whole else None
