"""A worker without torch whose runs never end: 20 times a second it tells of eight steps, with an evaluation each time.

An arm named `loud N` also writes N megabytes to stderr, one a report, as native code in trouble does.
"""

import math
import os
import queue
import sys
import threading

from regtui import commands, events
from regtui.commands import RunRequest, Start, Stop
from regtui.events import Bucket, Device, Evaluated, Hello, Measured, Started, Steps, Stopped

EVERY = 0.05
"""Seconds between two reports."""


def say(event: events.Event) -> None:
    os.write(1, events.encode(event))


def tell(request: RunRequest, told: "queue.Queue[commands.Command]") -> None:
    """Report until it is stopped."""
    run, step = request.run, 0
    loud = int(request.spec.arm.partition("loud ")[2] or 0)
    say(Started(run=run, device="cpu", device_label="told", threads=1, precision="fp32", parameters=1,
                total_steps=request.spec.total_steps, steps_per_epoch=request.spec.steps_per_epoch, train_samples=100,
                clean_samples=100, classes=["a", "b"]))  # fmt: skip
    while True:
        step += 8
        value = 1 + math.sin(step / 200)
        bucket = Bucket(step - 7, 8, value, value - 0.5, value + 0.5)
        say(
            Steps(
                run=run, loss=[bucket], accuracy=[bucket], step=step, seconds=step / 160, samples_per_s=3200.0, lr=0.1
            )
        )
        one = Measured(loss=value, accuracy=50 + 20 * value)
        epoch = step / request.spec.steps_per_epoch
        say(Evaluated(run=run, step=step, epoch=epoch, seconds=step / 160, train=one, test=one))
        if loud > 0:
            os.write(2, b"\x1b[31mnative trouble\x07\n" * 45_000)
            loud -= 1
        try:
            command = told.get(timeout=EVERY)
        except queue.Empty:
            continue
        if command is None or isinstance(command, Stop):
            say(Stopped(run=run, step=step))
            return


def main() -> None:
    say(Hello(protocol=events.PROTOCOL_VERSION, version="0", torch="none", devices=[Device(name="cpu", label="told")],
              pid=os.getpid(), host="here"))  # fmt: skip
    told: queue.Queue[commands.Command | None] = queue.Queue()

    def read() -> None:
        for line in sys.stdin.buffer:
            told.put(commands.decode(line))
        os._exit(0)

    threading.Thread(target=read, daemon=True).start()
    while True:
        command = told.get()
        if isinstance(command, Start):
            for request in command.runs:
                tell(request, told)


main()
