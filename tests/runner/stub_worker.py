"""A worker without torch: says hello, then does with each run what its arm's name says."""

import os
import signal
import sys
import time

from regtui import commands, events
from regtui.commands import Pause, Probe, Resume, Start, Step, Stop
from regtui.events import (
    Bucket,
    Device,
    Evaluated,
    Failed,
    Finished,
    Hello,
    Marker,
    Measured,
    Preview,
    Started,
    Steps,
    Stopped,
)


def say(event: events.Event) -> None:
    os.write(1, events.encode(event))


def hello(protocol: int = events.PROTOCOL_VERSION, *more: str, ranks: int = 1) -> None:
    devices = [Device(name=name, label="stub") for name in ("cpu", *more)]
    say(Hello(protocol=protocol, version="0", torch="none", devices=devices, pid=os.getpid(), host="here", ranks=ranks))


def finish(run: str) -> None:
    say(Started(run=run, device="cpu", device_label="stub", threads=1, precision="fp32", parameters=1, total_steps=2,
                steps_per_epoch=1, train_samples=1, clean_samples=1))  # fmt: skip
    bucket = Bucket(1, 2, 1.0, 1.0, 1.0)
    say(Steps(run=run, loss=[bucket], accuracy=[bucket], step=2, seconds=0.1, samples_per_s=20.0, lr=0.1))
    train, test = Measured(loss=0.1, accuracy=90.0), Measured(loss=0.5, accuracy=80.0)
    say(Evaluated(run=run, step=2, epoch=2, seconds=0.1, train=train, test=test))
    say(Finished(run=run, step=2, seconds=0.1, wall_seconds=0.1, samples_per_s=20.0))


def serve(request: commands.RunRequest, paused: bool) -> None:
    run, what = request.run, request.spec.arm
    if what in ("kill", "segv", "status"):
        say(Marker(run=run, step=1, kind="about to go"))
        os.write(2, b"last words\n")
        if what == "status":
            os._exit(3)
        os.kill(os.getpid(), signal.SIGKILL if what == "kill" else signal.SIGSEGV)
    if what == "spent":
        say(Failed(run=run, kind="rank-lost", message="another process is gone", ends_worker=True))
        time.sleep(600)
    if what == "garbage":
        os.write(1, b'Segmentation fault\n{"event":"st\n\xff\xfe\n')
    if what == "deaf":
        time.sleep(600)
    if what == "chatty":
        os.write(2, b"x" * 3_000_000)
    if what == "begins":
        say(Marker(run=run, step=1, kind="begun"))
    if what in ("waits", "begins") or paused:
        for line in sys.stdin.buffer:
            command = commands.decode(line)
            kind = {Pause: "paused", Resume: "resumed", Step: "stepped"}.get(type(command))
            if isinstance(command, Probe):
                say(Preview(ask=command.ask, step=1))
            if kind:
                say(Marker(run=run, step=1, kind=kind))
            if isinstance(command, Stop):
                say(Stopped(run=run, step=1))
                return
            if isinstance(command, Resume):
                break
    finish(run)
    if what == "torn":
        os.write(1, b'{"event":"marker","run":"')
        os._exit(0)


def serve_together() -> None:
    """As a worker on a GPU: every run is in hand until it is stopped."""
    for line in sys.stdin.buffer:
        command = commands.decode(line)
        if isinstance(command, Start):
            for request in command.runs:
                say(Marker(run=request.run, step=0, kind="begun"))
        elif isinstance(command, Stop):
            say(Stopped(run=command.run, step=1))
        elif isinstance(command, Pause):
            say(Marker(run=command.run, step=1, kind="paused"))


def main() -> None:
    mode = sys.argv[1] if len(sys.argv) > 1 else ""
    if mode == "dies":
        sys.exit("no module named torch")
    if mode == "stays":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if mode in ("gpu", "ranks"):
        hello(events.PROTOCOL_VERSION, "cuda:0", ranks=2 if mode == "ranks" else 1)
        serve_together()
        return
    hello(99 if mode == "old" else events.PROTOCOL_VERSION)
    for line in sys.stdin.buffer:
        command = commands.decode(line)
        if isinstance(command, Probe):
            if mode == "shy":
                sys.exit("no")
            say(Preview(ask=command.ask))
        if isinstance(command, Start):
            for request in command.runs:
                serve(request, command.paused)
    while mode == "stays":
        time.sleep(60)


main()
