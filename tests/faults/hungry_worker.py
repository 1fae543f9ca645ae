"""A worker without torch that takes memory until something stops it where the arm is `huge`, else ends at once."""

import os
import sys

from regtui import commands, events
from regtui.commands import Start
from regtui.events import Device, Hello, Stopped


def main() -> None:
    device = Device(name="cpu", label="hungry")
    hello = Hello(
        protocol=events.PROTOCOL_VERSION, version="0", torch="none", devices=[device], pid=os.getpid(), host="h"
    )
    os.write(1, events.encode(hello))
    held = []
    for line in sys.stdin.buffer:
        command = commands.decode(line)
        for request in command.runs if isinstance(command, Start) else ():
            while request.spec.arm == "huge":
                held.append(bytearray(os.urandom(1 << 12)) * (1 << 8))
            os.write(1, events.encode(Stopped(run=request.run, step=1)))


main()
