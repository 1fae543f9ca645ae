"""The worker's side of the protocol: commands in, runs one after the other or together on a GPU, events out.

Three threads: the reader takes commands and hands them to the runs, the sender writes events in batches, the main
thread trains and waits for neither.
"""

from __future__ import annotations

import os
import platform
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import torch

import regtui
from regtui import commands
from regtui.commands import CommandError, Probe, Start, Stop
from regtui.engine import answers, devices, loop, racing, shared
from regtui.engine.failures import failure
from regtui.engine.group import Group
from regtui.engine.jobs import Job, Jobs
from regtui.engine.racing import Lane
from regtui.engine.wire import Sender, lines
from regtui.events import PROTOCOL_VERSION, Failed, Hello, Stopped

FLUSH_SECONDS = 0.5
"""How long the last events may take to be written."""


def serve(commands_fd: int, events_fd: int, store: Path, group: Group | None = None) -> int:
    """Say hello, then make the runs that are asked for until the end of input or a signal. Gives the exit code.

    group  the processes that make each run together, this one being their first
    """
    jobs = Jobs()
    sender = Sender(events_fd, on_broken=jobs.end)
    sender.put(
        Hello(
            protocol=PROTOCOL_VERSION,
            version=regtui.__version__,
            torch=str(torch.__version__),
            devices=devices.available(),
            pid=os.getpid(),
            host=platform.node(),
            ranks=group.world if group else 1,
            gpu_trouble=devices.gpu_trouble(),
        )
    )
    threading.Thread(target=_read, args=(commands_fd, jobs, sender), name="reader", daemon=True).start()
    told = _end_when_told(lambda: _told_to_go(jobs, group))
    while job := jobs.next():
        if isinstance(job, Probe):
            sender.put(answers.answer(job, store=store))
            continue
        racing.race(
            _lane(job, jobs, sender, store, group),
            # All processes of a group make one and the same run.
            join=lambda: [] if group else [_lane(joining, jobs, sender, store) for joining in jobs.joining()],
            wait=jobs.wait,
        )
    if group:
        shared.leave(group)
    sender.close(FLUSH_SECONDS)
    return 1 if group and group.is_broken else 128 + told[0] if told else 0


def _read(fd: int, jobs: Jobs, sender: Sender) -> None:
    """The reader's thread: obey lines until the end of input."""
    for line in lines(fd):
        try:
            command = commands.decode(line)
        except CommandError as error:
            _complain(str(error))
            continue
        match command:
            case Start(runs=runs, paused=paused):
                for request in runs:
                    if not jobs.add(request, paused=paused):
                        _complain(f"run {request.run!r} is already here; it is not started twice")
            case Probe():
                jobs.ask(command)
            case Stop(run=run) if jobs.drop(run):
                sender.put(Stopped(run=run, step=0))
            case _ if not jobs.send(command):
                _complain(f"no run {command.run!r} is here; {type(command).__name__.lower()} is ignored")
    jobs.end()


def _told_to_go(jobs: Jobs, group: Group | None) -> None:
    if group:
        group.told_to_go = True
    jobs.end()


def _lane(job: Job, jobs: Jobs, sender: Sender, store: Path, group: Group | None = None) -> Lane:
    # A process of a group has a GPU of its own, whatever its number.
    stream = devices.Stream("cpu" if group else job.request.spec.device)
    return Lane(_turns(job, jobs, sender, store, group), stream)


def _turns(job: Job, jobs: Jobs, sender: Sender, store: Path, group: Group | None) -> Iterator[bool]:
    """Make one run; whatever goes wrong becomes an event, and its traceback goes to the log of the run."""
    run = job.request.run
    try:
        if Path(run).name != run or run in ("", ".", ".."):
            sender.put(Failed(run=run, kind="ValueError", message=f"{run!r} cannot be the name of a folder"))
            return
        if group:
            yield from shared.turns(job.request, sender.put, job.control, store, group)
        else:
            yield from loop.turns(job.request, sender.put, job.control, store)
    except shared.BrokenGroupError as error:
        sender.put(shared.lost(run, error, _log(store / run / "log.txt")))
        jobs.end()
    except Exception as error:
        failed = failure(run, error, _log(store / run / "log.txt"), beside=jobs.count - 1)
        sender.put(failed)
        if failed.ends_worker:
            jobs.end()
    finally:
        jobs.done(job)


def _log(path: Path) -> str:
    """Append the current traceback to a file; gives its path, or "" where it cannot be written."""
    text = traceback.format_exc()
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        _complain(f"{path} cannot be written: {error}\n{text}")
        return ""
    return str(path)


def _end_when_told(end: Callable[[], None]) -> list[int]:
    """Call `end`, on a thread, on SIGTERM or SIGHUP: what a batch system, a shutdown or a dead parent sends.

    Through the wake-up descriptor, which is written to at once; a handler would wait for native code to return. Must be
    called on the main thread. Gives a list that the signal is put into.
    """
    reader, writer = os.pipe()
    os.set_blocking(writer, False)  # a wake-up descriptor has to be
    # SIGHUP only where it is not ignored, under nohup say; not every system has it.
    hangup = getattr(signal, "SIGHUP", signal.SIGTERM)
    heeded = {signal.SIGTERM, *([] if signal.getsignal(hangup) is signal.SIG_IGN else [hangup])}
    for number in heeded:
        signal.signal(number, lambda *_: None)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    told: list[int] = []

    def wait() -> None:
        while (number := os.read(reader, 1)[0]) not in heeded:
            continue  # a signal that somebody else handles
        told.append(number)
        end()

    threading.Thread(target=wait, name="told-to-go", daemon=True).start()
    return told


def _complain(sentence: str) -> None:
    print(f"regtui worker: {sentence}", file=sys.stderr, flush=True)
