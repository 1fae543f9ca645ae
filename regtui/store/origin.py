"""scenario.json of a run directory: the scenario that the run was made for, its claims above all.

A run can then be judged where its scenario file is not: elsewhere, later, or after the file was changed.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from regtui.scenario import Scenario

FILE = "scenario.json"


def write_scenario(folder: Path, scenario: Scenario) -> None:
    """Without the path of its file, which is nobody's business where the directory is shared. Raises OSError."""
    temporary = folder / f"{FILE}.tmp"
    temporary.write_bytes(msgspec.json.encode(msgspec.structs.replace(scenario, file="")))
    temporary.replace(folder / FILE)
