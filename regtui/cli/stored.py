"""Which stored runs a command line names, each of them alone: what is compared is found by `regtui.compare.finding`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from regtui.compare.finding import is_scenario
from regtui.compare.library import entries
from regtui.export.errors import ExportError
from regtui.export.stored import StoredRun, locate, read
from regtui.watching import batches


def stored_runs(names: Sequence[str], root: Path) -> list[StoredRun]:
    """The runs, each once. Raises ExportError for a name that stands for none, and for a run that is damaged."""
    found = {run.run: run for run in map(read, stored_folders(names, root))}
    return list(found.values())


def stored_folders(names: Sequence[str], root: Path) -> list[Path]:
    """The directories of the runs. Raises ExportError for a name that stands for none.

    names  ids, unique beginnings of ids, run directories, or scenarios: the latest runs of one that were asked for
           together
    root   the run store, in which ids and scenarios are looked up
    """
    return list(dict.fromkeys(folder for name in names for folder in _named(name, root)))


def _named(name: str, root: Path) -> Iterator[Path]:
    try:
        yield locate(name, root)
    except ExportError:
        of_scenario = [entry for entry in entries(root) if is_scenario(name, entry)]
        if not of_scenario:
            raise
        yield from (entry.folder for entry in batches(of_scenario)[0].entries)
