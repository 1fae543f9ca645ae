"""`regtui run`: a scenario without a screen. Progress on stderr, the result on stdout."""

from __future__ import annotations

import argparse
import asyncio
import shlex
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from regtui.cli import recording
from regtui.cli.ask import answers
from regtui.cli.detach import announcer, detach
from regtui.cli.has_device import must_have
from regtui.cli.heard import Heard, WaitEndedError
from regtui.cli.makers import MakerFactory, maker_factory, to_its_end
from regtui.cli.output import counted, print_json
from regtui.cli.own import chosen, cost_specs, tell_of_costs, tell_of_data
from regtui.cli.progress import Progress
from regtui.cli.result import print_result, result_object
from regtui.commands import RunRequest
from regtui.events import Cost
from regtui.own.models import needs_consent
from regtui.paths import runs_dir
from regtui.runner import Runner
from regtui.runner.reports import Lost, Ready, Report
from regtui.scenario import Scenario, apply_setting, parse_value
from regtui.scenario.errors import Problem, ScenarioError, nearest
from regtui.session import Session
from regtui.spec import RunSpec
from regtui.store.beside import RecorderBeside


def run(arguments: argparse.Namespace) -> int:
    """Run the scenario and print what came out. 0 done, 1 a run failed, 130 interrupted."""
    if not (arguments.scenario or arguments.data):
        raise ScenarioError("regtui run", [Problem("", "needs a scenario, or data of your own: --data folder:PATH")])
    if arguments.detach and arguments.announce is None:
        return detach(arguments)
    store = arguments.out or runs_dir()
    scenario = configured(chosen(arguments, store), arguments)
    tell_of_data(scenario)
    if arguments.out:
        must_be_writable(store)
    make = maker_factory(arguments, store, reveals=arguments.reveal)
    recorder = RecorderBeside(store)
    session = Session(
        scenario, recorder=recorder, device=arguments.device, threads=arguments.threads, precision=arguments.precision
    )
    began = time.monotonic()
    seeds, announce = arguments.seeds or scenario.seeds, announcer(arguments, store)

    def requests() -> list[RunRequest]:
        made = session.request([arm.name for arm in session.arms], range(seeds))
        if announce is not None:
            recorder.catch_up()  # whoever is told of a run may look for it
            announce(made)
        return made

    finished = to_its_end(drive(session, make, requests, seeds=seeds, measured=cost_specs(scenario, arguments),
                                reveals=arguments.reveal), arguments.ray)  # fmt: skip
    wall = time.monotonic() - began
    return report(session, wall, finished=finished, as_json=arguments.json, worker=arguments.worker)


def report(session: Session, wall: float, *, finished: bool, as_json: bool, worker: str | None) -> int:
    """Print what came out; gives the exit code.

    worker  the command that made the runs, which has their checkpoints; None: workers of this machine
    """
    has_begun = finished or bool(session.current)
    if as_json:
        print_json(result_object(session, wall))
    elif has_begun:
        print_result(session, wall, _elsewhere(session, worker))
    if not has_begun:
        print("regtui: interrupted before any run began", file=sys.stderr)
    if not finished:
        if left := [run.run for run in session.current.values() if run.is_live or run.is_interrupted]:
            how = f"`regtui resume{_elsewhere(session, worker)}` goes on with {counted(len(left), 'run')}"
            print(f"regtui: interrupted; {how}", file=sys.stderr)
        return 130
    return 1 if any(history.state in ("failed", "lost") for history in session.current.values()) else 0


def _elsewhere(session: Session, worker: str | None) -> str:
    """What a command must say to go on with these runs where that is not as usual: " --out DIR --worker ..."."""
    root = session.recorder.root if session.recorder is not None else runs_dir()
    where = "" if root == runs_dir() else f" --out {shlex.quote(str(root))}"
    names = (arm.model.name for arm in session.arms)
    where += next((f" --model {shlex.quote(name)}" for name in names if needs_consent("", name, None)), "")
    return where + (f" --worker {shlex.quote(worker)}" if worker else "")


def configured(scenario: Scenario, arguments: argparse.Namespace) -> Scenario:
    """The scenario with --set, --epochs and --arm applied, in this order. Raises ScenarioError."""
    settings = list(arguments.settings)
    if arguments.epochs is not None:
        settings.append(f"train.epochs={arguments.epochs}")
    names = [arm.name for arm in scenario.arms]
    arms = list(scenario.arms)
    for setting in settings:
        head, equals, value = setting.partition("=")
        only, colon, key = head.rpartition(":")
        if not equals:
            raise ScenarioError("--set", [Problem(setting, "has no value; write KEY=VALUE, as in train.lr=1e-3")])
        if colon and only not in names:
            raise ScenarioError("--set", [Problem(only, "is not an arm" + nearest(only, names))])
        # A stack setting for all arms is meant for those whose stack has it; for none is a mistake.
        touched, error = 0, None
        for i, arm in enumerate(arms):
            if colon and arm.name != only:
                continue
            try:
                arms[i] = apply_setting(arm, key, parse_value(value))
                touched += 1
            except ScenarioError as problem:
                if colon or not _is_absent(problem):
                    raise
                error = problem
        if error is not None and not touched:
            raise error
    for name in arguments.arm or ():
        if name not in names:
            raise ScenarioError("--arm", [Problem(name, "is not an arm" + nearest(name, names))])
    kept = [arm for arm in arms if not arguments.arm or arm.name in arguments.arm]
    left = {arm.name for arm in kept}
    # A claim about an arm that is not run has no verdict.
    claims = tuple(c for c in scenario.claims if {c.check.of, c.check.against} & set(names) <= left)
    return msgspec.structs.replace(scenario, arms=tuple(kept), claims=claims)


async def drive(
    session: Session, make: MakerFactory, requests: Callable[[], list[RunRequest]], *, seeds: int = 1,
    measured: Sequence[RunSpec] = (), reveals: bool = False,
) -> bool:  # fmt: skip
    """Make all runs; False when interrupted. What was reported until then stays in the session.

    requests  is called once nothing stands against the start
    seeds     of each arm, for what is told of the cost
    measured  runs whose cost workers of ours tell before any starts
    reveals   measure the test part of own data once all runs are done

    Raises ScenarioError for a run that does not fit and for a device that is not there.
    """
    done = asyncio.Event()
    heard = Heard()
    interrupted = False
    progress = Progress(session, sys.stderr)

    def deliver(report: Report) -> None:
        if isinstance(report, (Cost, Lost, Ready)):
            heard.put(report)
        session.take(report)
        progress.show(report)
        if not session.is_busy:
            done.set()

    def interrupt() -> None:
        nonlocal interrupted
        interrupted = True
        done.set()
        heard.end()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # nohup or detached: it was asked to outlive its terminal
            loop.add_signal_handler(number, interrupt)
    runner, room = make(deliver)
    if session.recorder is not None:
        session.recorder.heartbeat.obey(runner.stop)
    with progress:
        try:
            if isinstance(runner, Runner):
                await must_have(session.device, runner, heard.next)
            if measured:
                found = await answers(runner, heard.next, "cost", measured, "regtui run")
                tell_of_costs(measured, [cost for cost in found if isinstance(cost, Cost)], seeds, room())
                done.clear()
            if not interrupted:
                runner.submit(requests())
                await done.wait()
            if reveals and not interrupted and (more := session.reveal()):
                done.clear()
                runner.submit(more)
                await done.wait()
        except WaitEndedError:
            pass  # interrupted before any run began
        finally:
            await runner.close()
            if session.recorder is not None:
                await recording.close(session.recorder, lambda: interrupted, progress.tell_of_record)
                progress.tell_of_record()
    return not interrupted


def must_be_writable(store: Path) -> None:
    """Raises ScenarioError: whoever names a directory wants the runs there, so it is refused before they are made."""
    try:
        store.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=store):
            pass
    except OSError as error:
        raise ScenarioError("--out", [Problem(str(store), f"cannot be written: {error.strerror}")]) from None


def _is_absent(error: ScenarioError) -> bool:
    return all("names nothing in the arm" in problem.message for problem in error.problems)
