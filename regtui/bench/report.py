"""What the rounds add up to: ratios, and the figures behind them."""

from __future__ import annotations

import platform
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from regtui import __version__, machine
from regtui.bench.history import SHORT
from regtui.bench.protocol import Ready, Round, Settled, Sizes
from regtui.bench.racing import Raced, Watched


@dataclass(frozen=True, slots=True)
class Turn:
    """Everything once."""

    steps: Round
    race: Raced
    watched: Watched
    short: float
    """Seconds to draw the charts of a run of 1,000 steps."""
    long: float
    """Seconds to draw those of the long history."""


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes that a process holds at the end; 0 where the system does not tell."""

    ui: int
    """The explorer and everything that the benchmark itself keeps."""
    worker: int
    """The largest worker."""


class Ratios(msgspec.Struct, frozen=True):
    """Medians over the rounds; more is better but where it says time."""

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


class Report(msgspec.Struct, frozen=True):
    """What `regtui bench --json` prints."""

    device: str
    machine: dict[str, Any]
    ratios: Ratios
    absolute: dict[str, Any]


def report(
    ready: Ready, settled: Settled, sizes: Sizes, turns: Sequence[Turn], *,
    workers: int, hello: float, memory: Memory, load: float | None,
    screen: dict[str, Any] | None = None, without_screen: str = "",
) -> Report:  # fmt: skip
    """The figures of all rounds, at least one, put together; with those of the screen, or why there are none."""
    by_round = [_ratios(turn, sizes) for turn in turns]
    names = Ratios.__struct_fields__

    def over(name: str, what: Callable[[Sequence[float]], Any]) -> Any:
        values = [value for ratios in by_round if (value := getattr(ratios, name)) is not None]
        return what(values) if values else None

    def middle(read: Callable[[Turn], float | None]) -> float | None:
        values = [value for turn in turns if (value := read(turn)) is not None]
        return round(statistics.median(values), 3) if values else None

    def rate(way: str) -> float | None:
        return middle(lambda turn: sizes.batch_size / seconds if (seconds := getattr(turn.steps, way)) else None)

    reasons = {
        "engine_over_graph": settled.without_graph,
        "engine_bf16_over_loader": settled.without_bf16,
        "screen": without_screen,
    }
    return Report(
        device=ready.device,
        machine={
            "device": ready.label, "cpu": machine.cpu_name(), "cores": machine.cores(),
            "memory_bytes": machine.memory(), "load_1min": load, "system": platform.platform(),
            "python": platform.python_version(), "torch": ready.torch, "regtui": __version__,
        },
        ratios=Ratios(**{name: over(name, lambda values: round(statistics.median(values), 3)) for name in names}),
        absolute={
            "rounds": len(turns),
            "spread": {name: over(name, lambda values: [round(min(values), 3), round(max(values), 3)])
                       for name in names},
            "not_measured": {name: reason for name, reason in reasons.items() if reason},
            "model": f"6-conv CNN of width {sizes.width}, fp32, AdamW, batches of {sizes.batch_size} pictures 1x28x28",
            "loader": settled.loader, "loader_randaugment": settled.loader_randaugment,
            "samples_per_s": {way: rate(way) for way in Round.__struct_fields__},
            "race": {"arms": 4, "workers": workers, "together_s": middle(lambda turn: turn.race.together),
                     "serial_s": middle(lambda turn: turn.race.serial)},
            "watched": {"live_steps_per_s": middle(lambda turn: turn.watched.live),
                        "headless_steps_per_s": middle(lambda turn: turn.watched.headless),
                        "event_bytes_per_s": middle(lambda turn: turn.watched.traffic)},
            "draw_ms": {str(SHORT): middle(lambda turn: turn.short * 1000),
                        str(sizes.history_steps): middle(lambda turn: turn.long * 1000)},
            "workers_hello_s": round(hello, 2),
            "memory_bytes": {"ui": memory.ui, "worker": memory.worker},
            "screen": screen,
        },
    )  # fmt: skip


def _ratios(turn: Turn, sizes: Sizes) -> Ratios:
    steps, raced = turn.steps, turn.race
    return Ratios(
        engine_over_bare=steps.bare / steps.engine,
        engine_over_loader=steps.loader / steps.engine,
        engine_over_loader_randaugment=steps.loader_randaugment / steps.engine_randaugment,
        engine_over_graph=steps.graph / steps.engine if steps.graph is not None else None,
        engine_bf16_over_loader=steps.loader / steps.engine_bf16 if steps.engine_bf16 is not None else None,
        race_over_serial=raced.together / raced.serial,
        race_over_loader=raced.samples / raced.together * steps.loader / sizes.batch_size,
        live_over_headless=turn.watched.live / turn.watched.headless,
        long_history_over_short=turn.long / turn.short,
    )
