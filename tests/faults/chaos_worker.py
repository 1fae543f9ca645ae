"""A worker without torch that reports numbered events and then does what the name of its arm says, `FAULT SEED`.

Each event that was handed to the system is noted in the file that is named by its argument: those must arrive.
"""

import os
import random
import signal
import sys
import time

from regtui import commands, events
from regtui.commands import Start, Stop
from regtui.events import Device, Hello, Marker, Stopped


def write(data: bytes) -> None:
    while data:
        data = data[os.write(1, data) :]


def hello(protocol: int = events.PROTOCOL_VERSION) -> None:
    device = Device(name="cpu", label="chaos")
    write(
        events.encode(Hello(protocol=protocol, version="0", torch="none", devices=[device], pid=os.getpid(), host="h"))
    )


def report(run: str, count: int, journal: int, first: int = 0) -> None:
    for number in range(first, first + count):
        write(events.encode(Marker(run=run, step=number, kind="told", text="x" * (number % 97))))
        os.write(journal, f"{run} {number}\n".encode())


def go_wrong(what: str, draw: random.Random) -> None:
    match what:
        case "kill" | "segv" | "abort" | "stop":
            os.kill(os.getpid(), getattr(signal, f"SIG{what.upper()}"))
        case "status":
            os.write(2, b"\x1b[31mlast words\x07\n")
            os._exit(draw.randrange(1, 255))
        case "exception":
            raise RuntimeError("the loop is broken")
        case "half":
            write(b'{"event":"marker","run":"')
            os._exit(1)
        case "garbage":
            for _ in range(draw.randrange(1, 30)):
                write(draw.randbytes(draw.randrange(200)).replace(b"\n", b"") + b"\n")
        case "flood":
            os.write(2, draw.randbytes(1 << 16) * int(os.environ.get("FLOOD", "16")))
        case "long":
            write(b'"' + b"y" * (17 << 20) + b'"\n')
        case "hello":
            hello(draw.randrange(events.PROTOCOL_VERSION + 1, 1000))
            time.sleep(600)
        case "other":
            write(events.encode(Marker(run="20990101-000000-nobody", step=1, kind="told")))


def main() -> None:
    journal = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    hello()
    for line in sys.stdin.buffer:
        command = commands.decode(line)
        if isinstance(command, Start):
            for request in command.runs:
                what, _, seed = request.spec.arm.partition(" ")
                draw = random.Random(seed)
                before = draw.randrange(200)
                report(request.run, before, journal)
                go_wrong(what, draw)
                report(request.run, 5, journal, before)
                write(events.encode(Stopped(run=request.run, step=before + 5)))
        if isinstance(command, Stop):
            continue


main()
