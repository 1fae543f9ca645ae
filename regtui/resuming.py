"""Going on with runs that were interrupted: which they are, what they are compared in, what a worker is asked for.

Free of screens and of torch; the explorer and `regtui resume` are two faces of it. A run that was interrupted before
its first checkpoint begins again, under its own id.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice, takewhile
from pathlib import Path

import msgspec

from regtui.commands import RunRequest
from regtui.own.models import needs_consent
from regtui.scenario import Arm, Scenario
from regtui.scenario.errors import printable
from regtui.session import Session
from regtui.spec import RunSpec, spec_hash
from regtui.store import RunHistory, RunInfo, list_runs, replay
from regtui.store.lock import is_held

MOST_RUNS = 200
"""Stored runs that are looked at, the newest."""
CHECKPOINT = "checkpoint.safetensors"
MONITORED = "own/"
"""How the scenarios of runs begin that `regtui.Monitor` recorded."""


class ResumeError(ValueError):
    """Runs that cannot go on; the message says which and what to do."""


@dataclass(frozen=True)
class Left:
    """What the latest session in a store left unfinished."""

    scenario: str
    """Its id."""
    runs: tuple[RunHistory, ...]
    """The latest run of each arm and seed, in the order in which they were asked for; finished ones too."""

    @property
    def unfinished(self) -> list[RunHistory]:
        return [run for run in self.runs if run.is_interrupted]

    @property
    def codes(self) -> set[str]:
        """The models that would go on and are code: only for those who name them on their own command line."""
        return {name for run in self.unfinished if needs_consent("", name := run.spec.model.name, None)}


def left_behind(root: Path) -> Left | None:
    """What the latest session that stored its runs in `root` left unfinished; None where it was nothing.

    Runs that another regtui makes now are not ours to go on with, nor are those of another engine. What was asked for
    again later does not count as unfinished.
    """

    def asked_for(info: RunInfo) -> tuple[str, int]:
        """Ids of one second are in no order; their files are."""
        return info.run[:15], (root / info.run / "spec.json").stat().st_mtime_ns

    newest = islice(list_runs(root), MOST_RUNS)
    ours = (info for info in newest if not is_monitored(info))
    found = sorted((info for info in ours if not is_held(root / info.run)), key=asked_for, reverse=True)
    if not found:
        return None
    scenario = found[0].spec.scenario
    latest: dict[tuple[str, int], RunInfo] = {}
    for info in takewhile(lambda info: info.spec.scenario == scenario, found):
        latest.setdefault((info.spec.arm, info.spec.seed), info)
    infos = reversed(latest.values())  # from the first one that was asked for on
    left = Left(scenario, tuple(replay(root / info.run) for info in infos if not why_not(info)))
    return left if left.unfinished else None


def is_monitored(info: RunInfo) -> bool:
    """Whether `regtui.Monitor` recorded it."""
    return info.spec.scenario.startswith(MONITORED)


def why_not(info: RunInfo) -> str:
    """A sentence where a run cannot be gone on with, since its numbers would be others; else ""."""
    if is_monitored(info):
        return f"run {info.run} was recorded of a loop of your own; only that loop can go on with it"
    try:
        if info.spec_hash == spec_hash(info.spec):
            return ""
    except ValueError as error:
        return f"run {info.run} cannot go on here: {printable(str(error))}"
    return (
        f"run {info.run} was made with regtui {info.version}, whose engine or data give other numbers than this one's; "
        "`regtui run` makes it anew"
    )


def adopt(session: Session, runs: Iterable[RunHistory]) -> list[RunHistory]:
    """Put stored runs into a session, with their arms where it lacks them. Gives those that it took.

    A run is left out where the session's arm of that name has other settings now: they could not be compared.
    """
    taken = []
    for run in runs:
        own, known = arm_of(run.spec), {arm.name: arm for arm in session.arms}
        if own.name not in known:
            session.arms.append(own)
        elif not same_settings(own, known[own.name]):
            continue
        session.runs[run.run] = session.current[run.spec.arm, run.spec.seed] = run
        taken.append(run)
    return taken


def go_on(session: Session, runs: Sequence[RunHistory]) -> list[RunRequest]:
    """What a worker is asked for, so that these runs of the session go on.

    Raises ResumeError where another regtui makes one of them; nothing is asked for then.
    """
    recorder = session.recorder
    requests = []
    for run in runs:
        if recorder is not None and not recorder.reopen(run.run):
            raise ResumeError(f"run {run.run} is being made by another regtui; wait until it ends, or end that one")
        if recorder is not None and recorder.warning:
            raise ResumeError(f"the record of run {run.run} cannot be written. {recorder.warning}")
        folder = recorder.root / run.run if recorder is not None else None
        requests.append(RunRequest(run=run.run, spec=_as_it_trained(run), resume=_has_checkpoint(run, folder)))
        run.await_again()
    return requests


def scenario_of(specs: Sequence[RunSpec], known: Scenario | None) -> Scenario:
    """The comparison that stored runs are part of, as far as they are.

    known  the preset of that id: its claims and its lesson's figures hold for arms that have its settings

    Raises ResumeError for runs of several scenarios and for two settings under one name.
    """
    ids = list(dict.fromkeys(spec.scenario for spec in specs))
    if len(ids) > 1:
        raise ResumeError(f"these runs belong to {len(ids)} scenarios, {', '.join(ids)}; go on with one at a time")
    preset = {arm.name: arm for arm in known.arms} if known is not None else {}
    arms: dict[str, Arm] = {}
    for spec in specs:
        arm = arm_of(spec)
        if not same_settings(arms.setdefault(arm.name, arm), arm):
            raise ResumeError(
                f"two of these runs are of an arm {arm.name} with other settings; go on with one at a time"
            )
    alike = {name for name, arm in arms.items() if name in preset and same_settings(arm, preset[name])}
    kept = tuple(preset[name] if name in alike else arm for name, arm in arms.items())
    if known is not None:
        claims = tuple(c for c in known.claims if ({c.check.of, c.check.against} & set(preset)) <= alike)
        return msgspec.structs.replace(known, arms=kept, claims=claims)
    title = ids[0].rpartition("/")[2] or "runs"
    return Scenario(id=ids[0], title=title, section="overfitting", question="What do the runs show?", arms=kept)


def arm_of(spec: RunSpec) -> Arm:
    """The arm that a run was made from; what the lesson says of it is not in a spec."""
    return Arm(
        name=spec.arm, data=spec.data, model=spec.model, train=spec.train, stack=spec.stack, studies=spec.studies
    )


def same_settings(one: Arm, other: Arm) -> bool:
    """Whether runs of the two are the same runs."""
    return msgspec.json.encode(msgspec.structs.replace(one, lesson=None)) == msgspec.json.encode(
        msgspec.structs.replace(other, lesson=None)
    )


def _as_it_trained(run: RunHistory) -> RunSpec:
    """With the threads that `auto` came to: another count may change the last bits."""
    if run.spec.threads != "auto" or run.started is None:
        return run.spec
    return msgspec.structs.replace(run.spec, threads=run.started.threads)


def _has_checkpoint(run: RunHistory, folder: Path | None) -> bool:
    """Whether there is one to go on from: here, or where a worker elsewhere said that it wrote it."""
    if folder is not None and (folder / CHECKPOINT).is_file():
        return True
    return run.checkpoint is not None and (folder is None or Path(run.checkpoint.path).parent != folder)
