"""`regtui export RUN... --as FORMAT`: stored runs in the formats of other tools."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from regtui.export.errors import ExportError
from regtui.export.stored import StoredRun, find
from regtui.paths import runs_dir

SUFFIXES = {"csv": ".csv", "json": ".json", "html": ".html"}
"""Of the formats that are one file; the others are folders."""


def export(arguments: argparse.Namespace) -> int:
    """Write the runs; where to is told on stderr. 2 with a sentence for what cannot be exported."""
    try:
        found = [find(name, runs_dir()) for name in dict.fromkeys(arguments.runs)]
        runs = list({stored.run: stored for stored in found}.values())
        if arguments.format in ("json", "python") and len(runs) > 1:
            raise ExportError(f"--as {arguments.format} takes one run and got {len(runs)}; export them one by one")
        where = _write(arguments.format, runs, arguments.output)
    except ExportError as error:
        print(f"regtui export: {error}", file=sys.stderr)
        return 2
    if where is not None:
        print(f"wrote {where}", file=sys.stderr)
    return 0


def _write(kind: str, runs: list[StoredRun], output: Path | None) -> Path | None:
    """Write one format; gives where to, None for stdout. Raises ExportError."""
    path = output or Path(f"regtui-{runs[0].run}{SUFFIXES.get(kind, '')}")
    match kind:
        case "python":
            from regtui.export.script import write_script

            write_script(runs[0], path)
        case "tensorboard":
            from regtui.export.event_files import write_event_files

            path = output or Path("regtui-tensorboard")
            write_event_files(runs, path)
        case "html":
            from regtui.export.report import html_text

            _save(path, html_text(runs))
        case _:
            text = _text(kind, runs)
            if output is None:
                sys.stdout.write(text)
                return None
            _save(path, text)
    return path


def _text(kind: str, runs: list[StoredRun]) -> str:
    if kind == "json":
        from regtui.export.document import json_text

        return json_text(runs[0])
    from regtui.export.tidy import csv_text

    return csv_text(runs)


def _save(path: Path, text: str) -> None:
    """Replace the file as a whole, so that none is ever half written."""
    temporary = path.with_name(path.name + ".tmp")
    try:
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        raise ExportError(f"{path} cannot be written: {error.strerror or error}") from None
