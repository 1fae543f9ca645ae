"""`regtui doctor`: what works on this machine, and what to do about what does not."""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import importlib.metadata
import importlib.util
import json
import os
import platform
import shlex
import shutil
import sys
import tempfile
import time
from typing import Literal

import msgspec
from rich.console import Console
from rich.markup import escape

from regtui import __version__, data, machine
from regtui.cli.machine import worker_command
from regtui.cli.output import plain_table, print_json
from regtui.data.public import PLACES
from regtui.paths import datasets_dir, runs_dir, scenarios_dir
from regtui.runner import Lost, Ready, Report, Runner, default_workers
from regtui.scenario import ScenarioError, load, preset_files
from regtui.ui.real_pixels import protocol


class Finding(msgspec.Struct, frozen=True):
    """One thing that was looked at."""

    topic: str
    state: Literal["ok", "warning", "fault"]
    found: str
    advice: str = ""


def doctor(arguments: argparse.Namespace) -> int:
    """Look at everything; exit code 1 if anything is at fault."""
    findings = [
        Finding("regtui", "ok", f"{__version__} on Python {platform.python_version()}, {platform.platform()}"),
        *_packages(), _data(), _data_sets(), _scenarios(), _store(), *_terminal(), *_worker(arguments),
    ]  # fmt: skip
    at_fault = any(finding.state == "fault" for finding in findings)
    if arguments.json:
        print_json({"ok": not at_fault, "findings": findings})
        return int(at_fault)
    table = plain_table("", "topic", "found")
    marks = {"ok": "[green]ok[/]", "warning": "[yellow]warning[/]", "fault": "[red]fault[/]"}
    for finding in findings:
        advice = f"\n[bold]{escape(finding.advice)}[/]" if finding.advice else ""
        table.add_row(marks[finding.state], finding.topic, escape(finding.found) + advice)
    Console().print(table)
    return int(at_fault)


def _packages() -> list[Finding]:
    names = ("textual", "rich", "plotext", "msgspec", "safetensors", "torch", "torchvision")
    found, missing = [], []
    for name in names:
        try:
            found.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            missing.append(name)
    if missing:
        return [Finding("packages", "fault", "missing: " + ", ".join(missing), f"pip install {' '.join(missing)}")]
    return [Finding("packages", "ok", ", ".join(found))]


def _data() -> Finding:
    recorded = json.loads(data.checksums().read_text(encoding="utf-8"))["files"]
    wrong = [
        name for name, record in recorded.items()
        if not (path := data.DIRECTORY / name).is_file()
        or hashlib.sha256(path.read_bytes()).hexdigest() != record["sha256"]
    ]  # fmt: skip
    if wrong:
        return Finding("data", "fault", "damaged or missing: " + ", ".join(wrong), "install regtui again")
    return Finding("data", "ok", "Fashion-MNIST subset and WordNet definitions, checksums match")


def _data_sets() -> Finding:
    """Public data sets, looked for by the names that torchvision gives their folders and files."""
    root = datasets_dir()
    found = [name for name, place in PLACES.items() if (root / place).exists()]
    if found:
        return Finding("data sets", "ok", f"{', '.join(found)} in {root}")
    return Finding("data sets", "ok", f"none of torchvision's in {root}; --data-root names another folder, --download "
                   "lets torchvision fetch there")  # fmt: skip


def _scenarios() -> Finding:
    files = preset_files()
    for path in files:
        try:
            load(path)
        except ScenarioError as error:
            return Finding("scenarios", "fault", str(error), "regtui check FILE names the key to change")
    if not files:
        return Finding("scenarios", "fault", f"none in {scenarios_dir()}", "install regtui again")
    return Finding("scenarios", "ok", f"{len(files)} presets in {scenarios_dir()}")


def _store() -> Finding:
    root = runs_dir()
    try:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=root):
            pass
    except OSError as error:
        return Finding("run store", "warning", f"{root} cannot be written: {error.strerror}",
                       "runs will not be recorded; set XDG_DATA_HOME to a directory of yours")  # fmt: skip
    free = shutil.disk_usage(root).free / 2**30
    if free < 1:
        return Finding("run store", "warning", f"{root}: {free:.1f} GiB free", "make room: a full disk ends recording")
    return Finding("run store", "ok", f"{root}: can be written, {free:.0f} GiB free")


def _terminal() -> list[Finding]:
    if not sys.stdout.isatty():
        return [Finding("terminal", "ok", "output is not a terminal; `regtui run` works without one")]
    size = shutil.get_terminal_size()
    term, colors = os.environ.get("TERM", ""), os.environ.get("COLORTERM", "")
    findings = [Finding("terminal", "ok", f"TERM={term or 'unset'} {size.columns}x{size.lines}")]
    if size.columns < 80 or size.lines < 24:
        findings.append(Finding("size", "warning", f"{size.columns}x{size.lines}", "80x24 is the smallest that fits"))
    if "NO_COLOR" in os.environ:
        findings.append(Finding("colours", "ok", "NO_COLOR is set: arms are told apart by marker and stroke"))
    elif colors not in ("truecolor", "24bit"):
        findings.append(Finding("colours", "ok", "256 or fewer; if the terminal has more: export COLORTERM=truecolor"))
    findings.append(_pictures())
    encoding = sys.stdout.encoding.lower()
    if "utf" not in encoding:
        findings.append(Finding("encoding", "warning", f"{encoding}: charts are drawn with ASCII characters",
                                "export LC_ALL=C.UTF-8 (in tmux: start it with tmux -u)"))  # fmt: skip
    return findings


def _pictures() -> Finding:
    chosen = protocol()
    if chosen is None:
        return Finding("pictures", "ok", "half-blocks; REGTUI_IMAGES=kitty or sixel if the terminal has real pixels")
    if importlib.util.find_spec("textual_image") is None:
        return Finding("pictures", "ok", f"half-blocks; for {chosen}'s real pixels: pip install 'regtui[images]'")
    return Finding("pictures", "ok", f"real pixels ({chosen})")


def _worker(arguments: argparse.Namespace) -> list[Finding]:
    named, command = arguments.worker, worker_command(arguments, runs_dir())
    began = time.monotonic()
    report = asyncio.run(_first_word(command))
    if not isinstance(report, Ready):
        sentence = report.sentence if isinstance(report, Lost) else "The worker did not say hello."
        return [Finding("worker", "fault", sentence, f"run it by hand to see why: {shlex.join(command)}")]
    hello = report.hello
    devices = ", ".join(
        f"{device.name} ({device.label}" + (f", {device.memory / 2**30:.0f} GiB)" if device.memory else ")")
        for device in hello.devices
    )
    took = f"{time.monotonic() - began:.1f} s to hello"
    return [
        Finding("worker", "ok", f"torch {hello.torch} on {hello.host}, {took}"),
        Finding("devices", "ok", f"{devices}; {default_workers()} workers race on a CPU"),
        *(
            [Finding("gpu", "warning", hello.gpu_trouble, "until PyTorch can use it, runs are made on the CPU")]
            if hello.gpu_trouble
            else []
        ),
        *([Finding("bf16", "ok", "this CPU has it: --precision bf16")] if not named and machine.has_bf16() else []),
    ]


async def _first_word(command: list[str]) -> Report | None:
    heard: asyncio.Queue[Report] = asyncio.Queue()
    runner = Runner(command, heard.put_nowait)
    runner.warm()
    try:
        while True:
            report = await asyncio.wait_for(heard.get(), timeout=180)
            if isinstance(report, (Ready, Lost)):
                return report
    except TimeoutError:
        return None
    finally:
        await runner.close()
