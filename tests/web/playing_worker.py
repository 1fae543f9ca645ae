"""A worker without torch that plays recorded streams, slowly enough to be watched."""

import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "ui"))

from ui_streams import stream

from regtui import commands, events
from regtui.commands import Start
from regtui.events import Device, Hello


def say(event: events.Event) -> None:
    os.write(1, events.encode(event))


say(Hello(protocol=events.PROTOCOL_VERSION, version="0", torch="none", devices=[Device(name="cpu", label="stub")],
          pid=os.getpid(), host="here"))  # fmt: skip
for line in sys.stdin.buffer:
    command = commands.decode(line)
    if isinstance(command, Start):
        for request in command.runs:
            for event in stream(request.run, request.spec):
                say(event)
                time.sleep(0.05)
