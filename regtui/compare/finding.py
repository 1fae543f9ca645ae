"""Find stored runs by what people type: ids, beginnings of ids, run directories, folders of runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from regtui.compare.library import Entry, entries, entry_of
from regtui.scenario.errors import nearest, printable
from regtui.store.reading import ReadingError


def find_entries(names: Sequence[str], root: Path) -> list[Entry]:
    """The runs that are named, each once. Raises ReadingError for a name that stands for none.

    names  run directories, folders that hold some, beginnings of ids (one may stand for all runs of a minute), and
           scenarios, with or without their section: all of their runs
    root   the run store, in which ids and scenarios are looked up

    Runs of different folders keep the folder as their place, so that equal arms of two of them are compared.
    """
    folders = [name for name in names if is_folder_of_runs(Path(name))]
    stored: list[Entry] | None = None
    found: dict[str, Entry] = {}
    for name in names:
        path = Path(name)
        if (path / "spec.json").exists():
            some = [entry_of(path)]
        elif name in folders:
            some = list(entries(path, printable(name) if len(folders) > 1 else ""))
        else:
            stored = list(entries(root)) if stored is None else stored
            some = [entry for entry in stored if name and entry.run.startswith(name)]
            some = some or [entry for entry in stored if is_scenario(name, entry)]
        if not some:
            raise ReadingError(_no_such(name, root, stored or []))
        for entry in some:
            found.setdefault(str(entry.folder.resolve()), entry)
    return list(found.values())


def is_folder_of_runs(path: Path) -> bool:
    """Whether it is a directory, but not that of a run."""
    return path.is_dir() and not (path / "spec.json").exists()


def is_scenario(name: str, entry: Entry) -> bool:
    """Whether a name is that of the run's scenario: overfitting/ladder, or ladder alone."""
    return name in (entry.spec.scenario, entry.spec.scenario.rpartition("/")[2])


def _no_such(name: str, root: Path, stored: Sequence[Entry]) -> str:
    if Path(name).is_dir():
        return f"{printable(name)} holds no run: neither a spec.json nor directories with one"
    scenarios = dict.fromkeys(entry.spec.scenario.rpartition("/")[2] for entry in stored)
    hint = nearest(name, [*scenarios, *(entry.run for entry in stored[-12:])]) if stored else ""
    return (
        f"{printable(name)} is neither a directory, nor a scenario, nor the beginning of one of the {len(stored)} runs "
        f"in {root}"
        f"{hint if 'mean' in hint else ''}; `regtui runs` lists them"
    )
