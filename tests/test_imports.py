"""The two halves stay apart: proved by looking at what a fresh interpreter has loaded."""

import subprocess
import sys

import pytest


def loaded_by(statement: str) -> set[str]:
    """The top-level modules, and our own sub-packages, that a statement loads in a fresh interpreter."""
    # Without a search for garbage and an orderly end, which for torch take as long as all the rest.
    begin, end = "import gc; gc.disable()", "import os, sys\nprint(*sorted(sys.modules), flush=True)\nos._exit(0)"
    code = f"{begin}\n{statement}\n{end}"
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60).stdout
    return set(output.split())


UI_SIDE = [
    "import regtui.cli, regtui.cli.parser",
    "import regtui.cli.listings, regtui.cli.run, regtui.cli.doctor, regtui.cli.bench",
    "import regtui",
    "import regtui.scenario; [regtui.scenario.load(path) for path in regtui.scenario.preset_files()]",
    "import regtui.export.report, regtui.export.script, regtui.export.event_files, regtui.cli.export",
    "import regtui.session, regtui.runner, regtui.store, regtui.claims, regtui.events",
    "import regtui.ui.app, regtui.ui.screens.explorer",
    "import regtui.ui.screens.sweep, regtui.ui.screens.sweep_form, regtui.sweep.starting, regtui.cli.watch",
]


@pytest.mark.parametrize("statement", UI_SIDE)
def test_the_screen_side_loads_neither_torch_nor_the_engine(statement: str) -> None:
    modules = loaded_by(statement)
    assert not modules & {"torch", "numpy", "torchvision", "regtui.engine", "optuna", "ray"}


A_RUN = """
from regtui.commands import RunRequest
from regtui.engine import loop
from regtui.engine.control import Control
from regtui.spec import DataSpec, ModelSpec, RunSpec, TrainSpec
loop.train(RunRequest(run="r", spec=RunSpec(scenario="", arm="", seed=0, model=ModelSpec(name="mlp", params={"width": 4,
    "depth": 1}), data=DataSpec(train=20, validation=0, test=20), train=TrainSpec(epochs=1, batch_size=10))),
    lambda event: None, Control(), None)
"""


def test_the_engine_and_a_run_on_a_cpu_load_no_screen_and_no_compiler() -> None:
    modules = loaded_by(f"import regtui.engine.serve, regtui.engine.loop, regtui.worker{A_RUN}")
    assert "torch" in modules
    assert not modules & {"textual", "rich", "plotext", "regtui.ui", "transformers"}
    # They take longer to load than all the rest, 160 MB, and nothing uses them.
    assert not modules & {"torch._dynamo", "torch._inductor", "sympy", "torchvision"}


def test_listing_scenarios_does_not_load_the_explorer() -> None:
    assert "textual" not in loaded_by("import regtui.cli.listings")
