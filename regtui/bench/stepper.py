"""`python -m regtui.bench.stepper DEVICE`: the process that takes training steps for the benchmark.

It says Ready, answers Sizes with Settled, then every further line, a way of training, with what a slice of that took,
and ends with its input.
"""

from __future__ import annotations

import os
import signal
import sys

import msgspec

from regtui.bench.protocol import BenchError, Sizes
from regtui.worker import die_with_parent, take_stdio


def main(device: str) -> int:
    """Serve until the end of input; exit code 1, with a sentence on stderr, where something cannot be measured."""
    die_with_parent()
    commands, answers = take_stdio()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is for the benchmark, whose end is ours

    from regtui.bench.steps import Steps, ready  # imports torch, which takes seconds
    from regtui.engine.wire import lines

    def say(answer: msgspec.Struct) -> None:
        os.write(answers, msgspec.json.encode(answer) + b"\n")

    try:
        where = ready(device)
        say(where)
        incoming = lines(commands)
        steps = Steps(msgspec.json.decode(next(incoming), type=Sizes), where.device)
        say(steps.settled)
        for way in incoming:
            say(steps.slice(way.decode()))
    except (ValueError, BenchError) as error:
        print(error, file=sys.stderr, flush=True)
        return 1
    except StopIteration:
        return 0  # nobody wanted to know more
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
