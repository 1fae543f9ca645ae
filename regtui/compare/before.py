"""The latest stored runs of a scenario that a session did not make itself."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from regtui.compare.library import Library, entries
from regtui.store.history import RunHistory


def latest_before(folder: Path, scenario: str, own: Collection[str]) -> dict[tuple[str, str, int], RunHistory]:
    """By scenario, arm and seed: the last one that was evaluated and not steered. Reads logs: not for the event loop.

    own  ids of the session's own runs
    """
    library = Library()
    found: dict[tuple[str, str, int], RunHistory] = {}
    for entry in sorted(entries(folder), key=lambda entry: entry.order, reverse=True):
        key = entry.spec.scenario, entry.spec.arm, entry.spec.seed
        if entry.spec.scenario == scenario and entry.run not in own and key not in found:
            run = library.history(entry)
            if run.evaluations and not run.is_steered:
                found[key] = run
    return found
