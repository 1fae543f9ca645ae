"""What holds for all tests."""

import gc
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from regtui.catalog import MODELS
from regtui.own.named import NAMED
from regtui.store import rundir

sys.path.insert(0, str(Path(__file__).parent))  # helpers beside the tests, which importlib mode does not find

# Before torch is loaded, here and in every program that a test starts: on few cores two threads wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# The same examples every time, and no deadline for one: a busy machine must not decide whether the suite passes.
# `pytest --hypothesis-profile=default` looks for new examples.
settings.load_profile("ci")

# All that is imported stays: looking through it for garbage, torch's half a million objects each time, took a quarter
# of what a screen test computes. What tests leave behind is looked for now and then.
gc.disable()


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.set_threshold(1_000, 20, 100)
    gc.enable()


@pytest.fixture(autouse=True)
def _no_code_named() -> Iterator[None]:
    """A command line names code for one process; tests of command lines share theirs with all others."""
    yield
    for name in NAMED:
        MODELS.pop(name, None)
    NAMED.clear()


@pytest.fixture
def stuck_disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Writes of events wait until it is set."""
    answers, write = threading.Event(), rundir._write_all

    def held(*given: object) -> None:
        assert answers.wait(60)
        write(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(rundir, "_write_all", held)
    yield answers
    answers.set()
