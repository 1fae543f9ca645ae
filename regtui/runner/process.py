"""One worker process: its pipes, its hello, its end."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shlex
import signal
from collections.abc import Callable, Sequence

from regtui import commands, events
from regtui.commands import Command
from regtui.events import PROTOCOL_VERSION, AnyEvent, EventError, Hello
from regtui.machine import memory_kills
from regtui.scenario.errors import printable

LINE_LIMIT = 16 * 1024 * 1024
"""Longest line read, bytes; asyncio's own limit of 64 KiB is too short for a probe of a wide network."""
HELLO_TIMEOUT = 180.0
"""Seconds a worker may take to say hello: importing torch from a cold network disk takes a minute."""
FAREWELL = 1.0
"""Seconds a worker has to go after its standard input was closed."""
KILLED_WITHIN = 1.0
"""Seconds for a killed worker to be gone. One that waits for a disk in the kernel goes when that answers: not ours to
wait for."""
LAST_WORDS = 0.5
"""Seconds for reading what a worker that is gone had written; a process that it started may hold its pipes open."""

_SIGNALS: dict[int, str] = {
    signal.SIGKILL: "was killed (SIGKILL; out of memory is the usual reason, see `dmesg`)",
    signal.SIGSEGV: "crashed in native code (SIGSEGV)",
    signal.SIGABRT: "aborted in native code (SIGABRT)",
    signal.SIGBUS: "crashed in native code (SIGBUS; a full /dev/shm or disk is the usual reason)",
    signal.SIGTERM: "was terminated (SIGTERM)",
    signal.SIGHUP: "was told that its terminal is gone (SIGHUP)",
}

OUT_OF_MEMORY = (
    "Memory ran out, and the system killed the worker. A smaller train.batch_size or model needs less, and so do fewer "
    "workers (--workers 1)."
)
KILLED = "The worker was killed from outside (SIGKILL): by a user, a batch system or a memory guard."


class WorkerProcess:
    """A child that speaks the protocol. Callbacks run on the event loop."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        on_event: Callable[[AnyEvent], None],
        on_garbage: Callable[[str], None],
        on_log: Callable[[bytes], None],
        on_lost: Callable[[str], None],
    ) -> None:
        self.command = list(command)
        self.hello: Hello | None = None
        self.pid: int | None = None
        self._on_event, self._on_garbage, self._on_log, self._on_lost = on_event, on_garbage, on_log, on_lost
        self._process: asyncio.subprocess.Process | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._closing = False
        self._last_words = b""
        self._verdict = ""
        self._memory_kills = memory_kills()
        """At the start: one more at its end, and it was probably this one."""

    async def start(self) -> None:
        """Start the child. A command that cannot be started is reported as lost, like any other end."""
        pipe = asyncio.subprocess.PIPE
        try:
            # A session of its own: Ctrl-C in the terminal is the screen's business, not the worker's.
            self._process = await asyncio.create_subprocess_exec(
                *self.command, stdin=pipe, stdout=pipe, stderr=pipe, limit=LINE_LIMIT, start_new_session=True
            )
        except OSError as error:
            self._closing = True
            self._on_lost(f"The worker could not be started: {shlex.join(self.command)}: {error.strerror}.")
            return
        self.pid = self._process.pid
        self._tasks = [asyncio.create_task(self._read()), asyncio.create_task(self._drain())]

    def send(self, command: Command) -> None:
        """Hand a command over; a worker that is gone is noticed by its reader, not here."""
        if self._process is not None and self._process.stdin is not None and not self._process.stdin.is_closing():
            with contextlib.suppress(ConnectionError, RuntimeError):
                self._process.stdin.write(commands.encode(command))

    async def close(self) -> None:
        """End of input means stop; whoever is not gone within a second is killed."""
        self._closing = True
        process = self._process
        if process is not None:
            if process.stdin is not None:
                with contextlib.suppress(ConnectionError, RuntimeError):
                    process.stdin.close()
            try:
                await asyncio.wait_for(process.wait(), FAREWELL)
            except TimeoutError:
                self.kill()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(process.wait(), KILLED_WITHIN)
            if self._tasks:  # what it said last, its checkpoint say, may still be in the pipes
                await asyncio.wait(self._tasks, timeout=LAST_WORDS)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def kill(self, why: str = "") -> None:
        """Now, whatever it is doing. `why` is the sentence that its loss is told with."""
        self._verdict = why
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def terminate(self) -> None:
        """Tell it to go; a worker of ours saves its run first. From any thread."""
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGTERM)

    async def _read(self) -> None:
        assert self._process is not None and self._process.stdout is not None
        stream = self._process.stdout
        deadline: float | None = HELLO_TIMEOUT
        while True:
            try:
                line = await asyncio.wait_for(stream.readuntil(b"\n"), deadline)
            except asyncio.IncompleteReadError:
                break  # a torn last line is no event
            except asyncio.LimitOverrunError as error:
                await stream.readexactly(error.consumed)
                self._on_garbage(f"The worker wrote a line of more than {LINE_LIMIT >> 20} MiB; it was skipped.")
                continue
            except TimeoutError:
                self.kill(f"The worker said nothing for {HELLO_TIMEOUT:g} s after its start, and was killed.")
                break
            except ConnectionError:
                break
            if self._take(line):
                deadline = None
        await self._ended()

    def _take(self, line: bytes) -> bool:
        """Hand one line on; True once the worker has said hello."""
        try:
            event = events.decode(line)
        except EventError as error:
            self._on_garbage(f"The worker wrote a line that is {error}; it was skipped.")
            return self.hello is not None
        if isinstance(event, Hello):
            if event.protocol != PROTOCOL_VERSION:
                self._closing = True
                self.kill()
                self._on_lost(
                    f"The worker speaks protocol {event.protocol} (regtui {printable(event.version)}), this is "
                    f"protocol {PROTOCOL_VERSION}: install the same regtui on both sides."
                )
                return True
            self.hello = event
        if self.hello is not None:
            self._on_event(event)
        return self.hello is not None

    async def _drain(self) -> None:
        assert self._process is not None and self._process.stderr is not None
        while chunk := await self._process.stderr.read(65536):
            self._last_words = (self._last_words + chunk)[-2000:]
            self._on_log(chunk)

    async def _ended(self) -> None:
        assert self._process is not None
        code = await self._process.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()  # its transport would outlive the process, and the event loop
        if not self._closing:
            self._closing = True
            # Its last words usually say why, and may still be in the other pipe.
            await asyncio.wait({self._tasks[1]}, timeout=LAST_WORDS)
            self._on_lost(self._obituary(code))

    def _obituary(self, code: int) -> str:
        if self._verdict:
            return self._verdict
        kept = " What it had reported is kept." if self.hello is not None else ""
        # A shell, ssh or container between us and the worker tells its signal as 128 + the number.
        number = -code if code < 0 else code - 128
        if code == -signal.SIGKILL and self._memory_kills is not None:
            ran_out = memory_kills() != self._memory_kills
            return f"{OUT_OF_MEMORY if ran_out else KILLED}{kept}"
        if code < 0 or number in _SIGNALS:
            how = _SIGNALS.get(number, f"was ended by signal {number}")
            return f"The worker {how}.{kept}"
        lines = [line for line in self._last_words.decode("utf-8", "replace").splitlines() if line.strip()]
        words = f": {printable(lines[-1].strip()[:200])}" if lines else ""
        return f"The worker ended with status {code}{words}.{kept}"
