"""A terminal to measure the explorer in: a program in a real pseudo-terminal, and what its screen says."""

from __future__ import annotations

import codecs
import contextlib
import fcntl
import os
import pty
import re
import selectors
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Iterator, Mapping, Sequence

from regtui.bench.protocol import BenchError

PATIENCE = 120.0
"""Seconds after which something that is waited for will not come; torch from a cold disk takes a minute."""
_CHUNK = 1 << 16
_TOKEN = re.compile(
    r"\x1b\[([?>=<]?)([0-9;]*)[ -/]*([@-~])|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[^\[\]]|([^\x00-\x1f]+)|.", re.S
)


class Glass:
    """The texts of a screen, read from what a program sends to it; colours are of no interest here."""

    def __init__(self, columns: int, rows: int) -> None:
        self._cells = [[" "] * columns for _ in range(rows)]
        self._x = self._y = 0
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest = ""

    @property
    def text(self) -> str:
        return "\n".join("".join(row) for row in self._cells)

    def take(self, data: bytes) -> None:
        """Some more of what is sent; a sequence may go on in the next piece."""
        text = self._rest + self._decoder.decode(data)
        torn = re.search(r"\x1b(?:\[[?>=<]?[0-9;]*[ -/]*|\][^\x07\x1b]*)?$", text)
        self._rest = torn[0] if torn else ""
        for token in _TOKEN.finditer(text[: len(text) - len(self._rest)]):
            private, codes, final, written = token.groups()
            if written:
                self._write(written)
            elif final and not private:
                self._move(final, [int(code or 0) for code in codes.split(";")])
            elif token[0] in "\r\n":
                self._x, self._y = 0, self._y + (token[0] == "\n")

    def _write(self, text: str) -> None:
        if 0 <= self._y < len(self._cells):
            row = self._cells[self._y]
            fits = text[: max(len(row) - self._x, 0)]
            row[self._x : self._x + len(fits)] = fits
        self._x += len(text)

    def _move(self, final: str, codes: Sequence[int]) -> None:
        if final == "H":
            self._y, self._x = max(codes[0], 1) - 1, max([*codes, 1][1], 1) - 1
        elif final == "C":
            self._x += max(codes[0], 1)


class Child:
    """A program in a terminal of its own."""

    def __init__(self, command: Sequence[str], environ: Mapping[str, str], size: tuple[int, int]) -> None:
        columns, rows = size
        self.glass = Glass(columns, rows)
        self.received = 0
        """Bytes."""
        self._command = command
        self._fd, terminal = pty.openpty()
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.began = time.perf_counter()
        self._process = subprocess.Popen(
            command, stdin=terminal, stdout=terminal, stderr=terminal, env=dict(environ), start_new_session=True
        )
        os.close(terminal)
        self._selector = selectors.DefaultSelector()  # select.select takes no descriptor above 1023
        self._selector.register(self._fd, selectors.EVENT_READ)

    @property
    def pid(self) -> int:
        return self._process.pid

    def press(self, keys: bytes) -> float:
        """Press keys; gives the time at which."""
        os.write(self._fd, keys)
        return time.perf_counter()

    def read(self, seconds: float) -> None:
        """Take what comes within so many seconds, at least one look."""
        end = time.perf_counter() + seconds
        while True:
            if not self._selector.select(max(end - time.perf_counter(), 0)):
                return
            self._take()

    def until(self, seen: Callable[[str], object], what: str) -> float:
        """Wait until the screen says so; gives the time at which it did. Raises BenchError."""
        deadline = time.perf_counter() + PATIENCE
        while not seen(self.glass.text):
            self._selector.select(1.0)
            if time.perf_counter() > deadline or not self._take():
                screen = " / ".join(row.strip() for row in self.glass.text.split("\n") if row.strip())
                raise BenchError(f"{' '.join(self._command[:4])} did not show {what}; its screen says: {screen[:300]}")
        return time.perf_counter()

    def end(self) -> None:
        """End it at once."""
        self._process.kill()
        self._process.wait()
        self._selector.close()
        os.close(self._fd)

    def _take(self) -> bool:
        """Read what is there; False where the program has ended."""
        if not self._selector.select(0):
            return self._process.poll() is None
        try:
            data = os.read(self._fd, _CHUNK)
        except OSError:  # Linux says so where a program has closed its terminal
            return False
        self.received += len(data)
        self.glass.take(data)
        return bool(data)


@contextlib.contextmanager
def child(command: Sequence[str], environ: Mapping[str, str], size: tuple[int, int]) -> Iterator[Child]:
    """A program in a terminal, ended at the end of the block."""
    opened = Child(command, environ, size)
    try:
        yield opened
    finally:
        opened.end()
