"""One run made by several processes: rank 0 leads, the others follow.

All of them go through the same training loop. Before each block of steps rank 0, which alone hears the user, reads the
clock, evaluates and writes checkpoints, says how long the block is and what was steered; the others then take the same
steps. Nobody waits for a clock or a reader of its own, so the ranks meet at every exchange.
"""

from __future__ import annotations

import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import torch.distributed as dist

from regtui.commands import RunRequest
from regtui.engine import checkpoint, loop
from regtui.engine.control import Control
from regtui.engine.group import Group, Order
from regtui.engine.loop import BLOCK_SECONDS, Block, Loop, NotFiniteError
from regtui.engine.observer import Observer
from regtui.engine.probes import StepProbe
from regtui.engine.training import Training
from regtui.events import Event, Failed, Stopped

LAST_WORDS = 0.3
"""Seconds in which the reason of a rank that gave up is looked for; torchrun ends this process soon after."""
GO_ON = "the run can go on from its last checkpoint"


class BrokenGroupError(Exception):
    """The ranks no longer agree on what comes next: this process has to end, and torchrun ends the others."""

    def __init__(self, kind: str, message: str, hint: str = GO_ON) -> None:
        super().__init__(message)
        self.kind, self.message, self.hint = kind, message, hint


def turns(
    request: RunRequest, emit: Callable[[Event], None], control: Control, store: Path | None, group: Group
) -> Iterator[bool]:
    """Make a run as rank 0, as `loop.turns` does alone.

    Raises what `loop.turns` raises for a run that no rank has begun, ValueError where it was another rank that could
    not, and BrokenGroupError for what only the end of the processes can mend.
    """

    def say(event: Event) -> None:
        """A run that ends because torchrun ends its processes was not stopped by the user."""
        if isinstance(event, Stopped) and group.told_to_go:
            why = "torchrun has ended the processes of this run: it was told to, or one of them is gone"
            event = lost(event.run, BrokenGroupError("ranks-lost", why))
        emit(event)

    folder = store / request.run if store else None
    if request.reveal:  # nothing is trained
        yield from loop.turns(request, emit, control, store)
        return
    try:
        group.order(Order(run=request))
        training, seconds = _built(request, group, folder)
        observer = Observer(request.run, training, say, seconds=seconds)
        yield from LeadingLoop(request.run, training, observer, say, control, folder, group).turns()
        group.order(Order())
    except _NotBegunError as error:
        raise error.__cause__ if isinstance(error.__cause__, Exception) else ValueError(str(error)) from None
    except Exception as error:
        group.is_broken = True
        raise _broken(error, group) from error


def follow(group: Group) -> int:
    """Do what rank 0 says until it leaves. Gives the exit code: 1 where this process had to give up."""
    try:
        while not (order := group.next_order()).leave:
            if order.run:
                _follow_run(order.run, group)
    except Exception as error:
        if not _is_of_the_wire(error):
            traceback.print_exc()
            group.give_up(f"{type(error).__name__}: {error}")
        return 1
    return 0


def leave(group: Group) -> None:
    """Rank 0: send the others home, if they still listen."""
    if group.is_broken:
        return
    try:
        group.order(Order(leave=True))
    except RuntimeError:  # they are gone already
        pass


def lost(run: str, error: BrokenGroupError, log: str = "") -> Failed:
    """The event of a run whose processes are no more; `log` has the traceback."""
    return Failed(run=run, kind=error.kind, message=error.message, hint=error.hint, traceback=log, ends_worker=True)


class LeadingLoop(Loop):
    """The loop of rank 0: says how long each block is before it takes it."""

    block_seconds = float("inf")  # a block is as long as was said

    def __init__(
        self,
        run: str,
        training: Training,
        observer: Observer,
        emit: Callable[[Event], None],
        control: Control,
        folder: Path | None,
        group: Group,
    ) -> None:
        super().__init__(run, training, observer, emit, control, folder)
        self._group = group
        self._told: dict[str, float] = dict(training.steered)
        """What the others know to be steered."""
        self._mode = training.mode
        self._seconds = BLOCK_SECONDS
        """The last block took so long for each of its steps."""

    def block_length(self) -> int:
        """As many steps as fit into a block at the latest pace; tells the others."""
        ends = [step - self.training.step for step in self.probed | self.evaluations if step > self.training.step]
        fitting = max(int(BLOCK_SECONDS / self._seconds), 1)
        length = min(super().block_length(), fitting, *ends)
        steered = {key: value for key, value in self.training.steered.items() if self._told.get(key) != value}
        self._told |= steered
        mode = self.training.mode if self.training.mode != self._mode else None
        self._mode = self.training.mode
        self._group.order(Order(steps=length, steered=steered, mode=mode))
        return length

    def end_block(self, block: Block) -> StepProbe | None:
        taken, began = self.training.step + 1 - block.first, block.began
        probe = super().end_block(block)
        self._seconds = max((time.monotonic() - began) / max(taken, 1), 1e-6)
        return probe


class FollowingLoop(Loop):
    """The loop of the other ranks: takes the steps that rank 0 says and tells nothing."""

    block_seconds = float("inf")

    def __init__(self, run: str, training: Training, group: Group) -> None:
        super().__init__(run, training, Observer(run, training, _silent), _silent, Control(), None)
        self._group, self._length = group, 0

    def block_length(self) -> int:
        return self._length

    def follow(self) -> None:
        """Take steps until rank 0 ends the run."""
        while (order := self._group.next_order()).steps:
            for key, value in order.steered.items():
                self.training.set(key, value)
            if order.mode:
                self.training.switch_to(order.mode)
            self._length = order.steps
            try:
                self.end_block(self.launch_block())
            except NotFiniteError:  # on every rank alike; rank 0 says what follows from it
                continue


class _NotBegunError(Exception):
    """A rank could not build the run; all of them know."""


def _built(request: RunRequest, group: Group, folder: Path | None) -> tuple[Training, float]:
    """The training of this rank, ready for its next step, and the seconds that it was trained for.

    folder  of the run's checkpoint, on rank 0; the others get what it has

    Raises _NotBegunError on all ranks where one of them fails.
    """
    # The processes are the parallelism: threads of their own would only take each other's cores.
    threads = 1 if request.spec.threads == "auto" else request.spec.threads
    training, seconds, trouble, cause = None, 0.0, "", None
    try:
        group.check(request.spec)
        training = Training(msgspec.structs.replace(request.spec, threads=threads), group)
        if request.resume and group.rank == 0:
            if folder is None:
                raise ValueError("a run can only go on from a run store, and this worker has none")
            seconds = checkpoint.resume(training, folder)
    except Exception as error:
        trouble, cause = str(error.args[0] if error.args else error) or type(error).__name__, error
    if sentence := group.agree(trouble):
        raise _NotBegunError(sentence) from cause
    assert training is not None
    if request.resume:
        _share_checkpoint(training, group, folder)
    training.objective = group.objective(training.model)
    return training, seconds


def _share_checkpoint(training: Training, group: Group, folder: Path | None) -> None:
    """Put the other ranks, which may be on other machines, where rank 0 is."""
    name = checkpoint.TENSORS
    content = group.spread((folder / name).read_bytes() if group.rank == 0 and folder else b"")
    if group.rank:
        with tempfile.TemporaryDirectory() as copy:
            (Path(copy) / name).write_bytes(content)
            checkpoint.restore(training, Path(copy))


def _follow_run(request: RunRequest, group: Group) -> None:
    try:
        training, _ = _built(request, group, None)
    except _NotBegunError:
        return
    FollowingLoop(request.run, training, group).follow()


def _broken(error: Exception, group: Group) -> BrokenGroupError:
    """What to tell of an exception after which the ranks cannot go on together."""
    if not _is_of_the_wire(error):
        return BrokenGroupError(type(error).__name__, str(error.args[0] if error.args else error))
    if reason := group.reason(LAST_WORDS):
        return BrokenGroupError("rank-failed", reason)
    return BrokenGroupError(
        "rank-lost",
        f"another of the {group.world} processes of this run is gone, or did not answer within "
        f"{group.answer_seconds:g} s",
        f"where one was killed, memory that ran out is the usual reason (see `dmesg`); {GO_ON}",
    )


def _is_of_the_wire(error: Exception) -> bool:
    """Whether it is the exchange with the others that failed. Gloo raises plain RuntimeErrors."""
    words = ("gloo", "Connection closed", "Connection reset", "NCCL", "Timed out", "timed out")
    return isinstance(error, dist.DistError) or (
        isinstance(error, RuntimeError) and any(word in str(error) for word in words)
    )


def _silent(_: Event) -> None: ...
