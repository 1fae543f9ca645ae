"""Begin a sweep around an arm of a session: the command, and the process that obeys it.

The process is in a session of its own and goes on when its parent ends; interrupted, it leaves a sweep that the same
command goes on with.
"""

from __future__ import annotations

import shlex
import subprocess
import tempfile
from pathlib import Path

from regtui import itself
from regtui.catalog import REGULARIZERS
from regtui.export.command import run_words
from regtui.scenario import Arm, Problem, ScenarioError
from regtui.session import Session
from regtui.sweep.record import folder_of
from regtui.sweep.space import parse_space


def suggested(arm: Arm) -> str:
    """What to search where nobody says: the strength of the arm's regularizers, at most two, else the learning rate."""
    found = []
    for entry in arm.stack:
        strong = (param for param in REGULARIZERS[entry.name].params if param.steerable and param.kind == "float")
        param = next(strong, None)
        if param is not None and entry.name not in ("batchnorm", "layernorm"):
            high = min(param.ceiling, max(2.5 * float(entry.params[param.name]), 10 * param.step))
            found.append(f"{entry.key}.{param.name}={param.low:g}:{high:g}")
    return " ".join(found[:2]) or f"train.lr={arm.train.lr / 10:g}:{min(arm.train.lr * 10, 1.0):g}:log"


def sweep_words(session: Session, arm: str, over: str, trials: str, more: str) -> list[str]:
    """The command, from `sweep` on; its --over are checked. Raises ScenarioError with what is wrong."""
    wanted = session.arm(arm)
    if not over.split():
        raise ScenarioError("search", [Problem("", "names nothing; write KEY=LOW:HIGH, as in dropout.p=0:0.7")])
    parse_space(over.split(), wanted)
    if not wanted.data.validation:
        raise ScenarioError("data.validation", [Problem("", "is 0; a sweep chooses on the validation split")])
    if not trials.isdecimal() or not 1 <= int(trials) <= 100_000:
        raise ScenarioError("trials", [Problem("", f"is {trials!r}; allowed is a whole number from 1 to 100000")])
    words = run_words(session, arm)
    if words is None:
        raise ScenarioError(arm, [Problem("", "has another stack than any arm of the scenario, which --set cannot say; "
                                          "search around one of those, --over adds what it lacks")])  # fmt: skip
    try:
        others = shlex.split(more)
    except ValueError as error:
        raise ScenarioError("options", [Problem("", f"cannot be split into words: {error}")]) from None
    overs = [word for text in over.split() for word in ("--over", text)]
    return ["sweep", *words, *overs, "--trials", str(int(trials)), *others]


class SweepProcess:
    """`regtui sweep ...` as a child in a session of its own."""

    def __init__(self, words: list[str], store: Path) -> None:
        """Raises OSError where it cannot be started."""
        self._store = store
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115  its last line says why, where it ends early
        self._process = subprocess.Popen(
            itself.command(*words, "--out", str(store)), stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=self._errors, start_new_session=True,
        )  # fmt: skip

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def folder(self) -> Path | None:
        """Where its sweep is, once it has begun."""
        return folder_of(self._store, self._process.pid)

    def trouble(self) -> str:
        """Its last words, where it has ended without a result; "" else."""
        if self.is_alive or self._process.returncode == 0:
            return ""
        self._errors.seek(0)
        lines = [line.strip() for line in self._errors.read().decode("utf-8", "replace").splitlines() if line.strip()]
        return lines[-1] if lines else f"the sweep ended with status {self._process.returncode}"
