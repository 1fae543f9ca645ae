"""`regtui bench`: this machine's engine against a plain PyTorch loop, side by side in one run."""

from __future__ import annotations

import argparse
import asyncio
import sys
from typing import Any

from rich.console import Console
from rich.table import Table

from regtui.bench.measure import measure
from regtui.bench.protocol import BenchError
from regtui.bench.report import Ratios, Report
from regtui.cli.output import counted, plain_table, print_json

_MEANING = {
    "engine_over_bare": "speed of the engine, crop and flip on, over forward, backward, step on one batch",
    "engine_over_loader": "speed of the engine over a DataLoader loop with torchvision's crop and flip",
    "engine_over_loader_randaugment": "the same with RandAugment on both sides",
    "engine_over_graph": "speed of the engine over a whole step as one CUDA graph",
    "engine_bf16_over_loader": "speed of the engine in bf16 over the DataLoader loop in fp32",
    "race_over_serial": "time of four arms together over one after the other (less is better)",
    "race_over_loader": "samples a second of four arms in sum over the DataLoader loop",
    "live_over_headless": "speed with explorer, probes and store over nothing but evaluation points",
    "long_history_over_short": "time to draw the charts of a long history over 1,000 steps (1 is best)",
}


def bench(arguments: argparse.Namespace) -> int:
    """Measure and print; 1 where something could not be measured."""
    try:
        report = asyncio.run(measure(arguments.device, _tell, quick=arguments.quick))
    except BenchError as error:
        print(f"regtui: {error}", file=sys.stderr)
        return 1
    if arguments.json:
        print_json(report)
    else:
        _print(report)
    return 0


def _tell(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


def _print(report: Report) -> None:
    console = Console(width=None if sys.stdout.isatty() else 160, highlight=False)
    absolute, here = report.absolute, report.machine
    table = plain_table("ratio", ">median", ">95 % from", ">to", ">CPU time", "what it is")
    for name in Ratios.__struct_fields__:
        value, interval, cpu = getattr(report.ratios, name), absolute["interval95"][name], absolute["cpu_ratios"][name]
        figures = [f"{number:.2f}" for number in (value, *interval)] if value is not None else ["-", "", ""]
        in_cpu = f"{cpu:.2f}" if cpu is not None else "-"
        table.add_row(name, *figures, in_cpu, absolute["not_measured"].get(name, _MEANING[name]))
    console.print(table)
    rates = plain_table("way of training", ">samples/s")
    for way, rate in absolute["samples_per_s"].items():
        rates.add_row(way.replace("_", " with "), f"{rate:,.0f}" if rate is not None else "-")
    console.print(rates)
    if screen := absolute.get("screen"):
        console.print(_screen_table(screen))
    loader = absolute["loader"]
    console.print(
        f"[dim]{report.device}: {here['device']}, {here['cpu']}, torch {here['torch']}; {absolute['model']}; "
        f"DataLoader at its best with {counted(loader.workers, 'worker')} and {counted(loader.threads, 'thread')}; "
        f"medians of {min(filter(None, absolute['pairs'].values()))} and more pairs of neighbouring slices; "
        f"load before the start {here['load_1min']}[/]",
        soft_wrap=True,
    )
    if absolute["warning"]:
        console.print(absolute["warning"], style="yellow", soft_wrap=True)


def _screen_table(screen: dict[str, Any]) -> Table:
    """The explorer at 120x40 in a terminal of its own."""
    paint, keys, sent = screen["paint_ms"], screen["key_ms"], screen["bytes_per_s"]
    table = plain_table("screen", ">figure", "what it is")
    table.add_row("first picture", f"{paint['first']} ms", "title and question, from the start of the process")
    table.add_row("whole picture", f"{paint['full']} ms", f"an empty Textual app takes {paint['empty_app']} ms")
    for state, waits in keys.items():
        figures = f"{waits['p50']:.0f} / {waits['p95']:.0f} ms" if waits else "-"
        table.add_row(f"key, {state}", figures, "from a key to the screen that shows what it did: median, 95th of 100")
    for state, rate in sent.items():
        table.add_row(f"sent, {state.replace('_', ' ')}", f"{rate:,} B/s", "to the terminal")
    table.add_row("memory", f"{screen['ui_bytes'] >> 20} MiB", "of the explorer's process, without its workers")
    return table
