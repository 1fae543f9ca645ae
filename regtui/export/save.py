"""Write stored runs in one of the formats; one way for the command and for the explorer."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from regtui.export.errors import ExportError
from regtui.export.stored import StoredRun

SUFFIXES = {"csv": ".csv", "json": ".json", "html": ".html"}
"""Of the formats that are one file; the others are folders."""
SINGLE = ("json", "python")
"""Formats of one run."""


def save(kind: str, runs: Sequence[StoredRun], path: Path | None = None) -> Path:
    """Write the runs, by default under a name of their own in the current directory; gives where to.

    Raises ExportError, with a sentence for people.
    """
    if kind in SINGLE and len(runs) > 1:
        some = ", ".join(f"{run.run} ({run.spec.arm}, seed {run.spec.seed})" for run in runs[:3])
        more = ", ..." if len(runs) > 3 else ""
        raise ExportError(f"--as {kind} takes one run and got {len(runs)}: name one of {some}{more}")
    path = path or Path(name_of(kind, runs[0].run))
    match kind:
        case "python":
            from regtui.export.script import write_script

            write_script(runs[0], path)
        case "tensorboard":
            from regtui.export.event_files import write_event_files

            write_event_files(runs, path)
        case "html":
            from regtui.export.report import html_text

            _replace(path, html_text(runs))
        case _:
            _replace(path, text(kind, runs))
    return path


def name_of(kind: str, run: str) -> str:
    """The file or folder of an export, where nobody names one."""
    return "regtui-tensorboard" if kind == "tensorboard" else f"regtui-{run}{SUFFIXES.get(kind, '')}"


def text(kind: str, runs: Sequence[StoredRun]) -> str:
    """What a csv or json file holds."""
    if kind == "json":
        from regtui.export.document import json_text

        return json_text(runs[0])
    from regtui.export.tidy import csv_text

    return csv_text(runs)


def _replace(path: Path, content: str) -> None:
    """Replace the file as a whole, so that none is ever half written."""
    temporary = path.with_name(path.name + ".tmp")
    try:
        temporary.write_text(content, encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        raise ExportError(f"{path} cannot be written: {error.strerror or error}") from None
