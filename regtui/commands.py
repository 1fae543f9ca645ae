"""What a worker can be told: typed commands, one JSON line each, the other half of the protocol."""

from __future__ import annotations

from typing import Literal

import msgspec

from regtui.modes import Mode
from regtui.spec import RunSpec

ProbeKind = Literal["preview", "modes", "norms", "recalibrated", "subnetworks", "model", "cost"]
"""What can be looked at.

preview       what the stack makes of some training samples
modes         a batch through the weights in train and in eval mode
norms         the statistics of BatchNorm: running, of a batch, of the whole training set
recalibrated  the network before and after its running statistics are measured anew, on a copy
subnetworks   what Dropout and its kin leave of the network, sampled, one by one and put to the vote
model         what places a model of the user's own has
cost          what a run would take of memory and time
"""


class CommandError(ValueError):
    """A line that is no command of this protocol; the message says what was found."""


class Command(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="command", tag=str.lower, forbid_unknown_fields=True
):
    """Base of all commands."""


class RunRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A run to be made."""

    run: str
    """Id, chosen by the one who asks."""
    spec: RunSpec
    resume: bool = False
    """Go on from the run's checkpoint in the worker's store."""
    reveal: bool = False
    """Train nothing: measure the weights that the run ended with on the test part of own data."""


class Start(Command, frozen=True):
    """Make these runs, one after the other on a CPU. Repeatable: a warm worker serves many."""

    runs: list[RunRequest]
    paused: bool = False
    """Begin paused at step 0, so that single steps can be taken from the first one on."""


class RunCommand(Command, frozen=True):
    """Base of the commands to one run, which may be running or still waiting."""

    run: str


class Pause(RunCommand, frozen=True):
    """Hold at the next block boundary."""


class Resume(RunCommand, frozen=True):
    """Go on after a pause."""


class Step(RunCommand, frozen=True):
    """Take `count` steps, then hold."""

    count: int = 1


class Set(RunCommand, frozen=True):
    """Change a steerable number at the next block boundary, without a reset."""

    key: str
    """train.lr, or name.param and name@where.param of a stack entry."""
    value: float


class SetMode(RunCommand, frozen=True):
    """Train on in this mode from the next block boundary on. A run begins in train mode.

    In eval mode the same steps are taken on the same batches, but Dropout and its kin are off, and BatchNorm normalizes
    with its running statistics and no longer updates them. Evaluations are in eval mode anyway.
    """

    mode: Mode


class SaveCheckpoint(RunCommand, frozen=True):
    """Write a checkpoint at the next block boundary."""


class Stop(RunCommand, frozen=True):
    """End the run at the next block boundary."""


class Probe(Command, frozen=True):
    """Look at something and change nothing; one answer of that kind (`events.ANSWERS`) comes.

    A worker that trains answers at its next block boundary, an idle one at once.
    """

    ask: str
    """Id, chosen by the one who asks; the answer has it."""
    spec: RunSpec
    """What is looked at, with the settings that it has now."""
    kind: ProbeKind = "preview"
    run: str = ""
    """The run of that spec which is being made: it answers for itself, with the numbers and the epoch it is at. For
    all but previews also one that was made: its checkpoint answers, where the worker has one."""
    draw: int = 0
    """Which of the batches of draws; the same number gives the same draws at any strength."""


AnyCommand = Start | Pause | Resume | Step | Set | SetMode | SaveCheckpoint | Stop | Probe

_decoder: msgspec.json.Decoder[AnyCommand] = msgspec.json.Decoder(AnyCommand)


def encode(command: Command) -> bytes:
    """One JSON line, newline included."""
    return msgspec.json.encode(command) + b"\n"


def decode(line: bytes | str) -> AnyCommand:
    """The command of one line. Raises CommandError for anything else."""
    try:
        return _decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        shown = line if isinstance(line, str) else line.decode("utf-8", "replace")
        raise CommandError(f"not a command: {shown[:80]!r} ({error})") from None
