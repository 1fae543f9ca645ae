"""A run on disk: `<store>/<id>/` with spec.json, events.jsonl (append-only), log.txt, writer.json and scenario.json.

A line is complete when it ends with a newline; a torn last line is skipped on replay. Files are replaced through a
temporary name. Nothing is ever unpickled.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec

from regtui import __version__, events
from regtui.events import Answer, AnyRunEvent, EventError, Hello
from regtui.files import decoded, open_file
from regtui.scenario import Scenario
from regtui.spec import RunSpec, spec_hash
from regtui.store.history import RunHistory
from regtui.store.lock import RECORD, hold
from regtui.store.origin import write_scenario
from regtui.store.presence import is_being_written
from regtui.store.writer import Heartbeat

MOST_BYTES = 1 << 20
"""A spec is a page of JSON; a larger file is some other file."""
MOST_LOG = 16 << 20
"""Bytes kept of what a worker prints: native code in trouble can print for ever."""
_ID = re.compile(r"^[0-9]{8}-[0-9]{6}-[a-z0-9]{6}$")


class RunInfo(msgspec.Struct, kw_only=True, frozen=True):
    """spec.json: what the run is."""

    run: str
    spec: RunSpec
    spec_hash: str
    version: str = __version__


def new_run_id() -> str:
    """UTC time and six random characters, so that a repeat never overwrites: 20260102-030405-k3x9qa."""
    random = "".join(secrets.choice("abcdefghijkmnpqrstuvwxyz23456789") for _ in range(6))
    return time.strftime("%Y%m%d-%H%M%S", time.gmtime()) + f"-{random}"


class Recorder:
    """Writes the runs of one session. A full or read-only disk stops recording with a sentence, not the training."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.warning = ""
        """Why recording stopped; "" while it works."""
        self.left = ""
        """What was not written when all was closed, in a sentence; "" for nothing."""
        self._files: dict[str, BinaryIO] = {}
        self.heartbeat = Heartbeat()

    @property
    def notice(self) -> str:
        """What whoever watches should know of the recording; "" while it works."""
        return self.warning

    @property
    def is_behind(self) -> bool:
        """Something that was said is still to be written."""
        return False

    def open(self, run: str, spec: RunSpec, scenario: Scenario | None = None, *, digest: str | None = None) -> None:
        """Begin a run: its directory (0700) with spec.json, writer.json and, where it is known, scenario.json.

        digest  stands for the hash of a spec that is not ours
        """
        if self.warning:
            return
        try:
            folder = self.root / run
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            info = RunInfo(run=run, spec=spec, spec_hash=digest or spec_hash(spec))
            _replace(folder / "spec.json", msgspec.json.format(msgspec.json.encode(info)))
            if scenario is not None:
                write_scenario(folder, scenario)
            self.heartbeat.begin(run, folder)
            self._files[run] = (folder / RECORD).open("ab", buffering=0)
            hold(self._files[run])
        except OSError as error:
            self._give_up(error)

    def reopen(self, run: str) -> bool:
        """Go on with the record of a run that ended or was interrupted; one that is not in this store stays unrecorded.

        False: another regtui is making it.
        """
        folder = self.root / run
        if self.warning or run in self._files or not (folder / RECORD).is_file():
            return True
        try:
            open_file(folder / RECORD).close()  # not into a pipe or a device
            file = (folder / RECORD).open("ab+", buffering=0)
            if not hold(file):
                file.close()
                return False
            self._files[run] = file
            self.heartbeat.begin(run, folder)
            if file.tell():
                file.seek(-1, os.SEEK_END)
                if file.read(1) != b"\n":
                    file.write(b"\n")  # a torn last line must not swallow the next one
        except OSError as error:
            self._give_up(error)
        return True

    def append(self, event: AnyRunEvent) -> None:
        """One event, one line, one write."""
        file = self._files.get(event.run)
        if file is None or self.warning:
            return
        try:
            if os.fstat(file.fileno()).st_nlink == 0 and not (self.root / event.run / RECORD).exists():
                raise FileNotFoundError(errno.ENOENT, "the run directory was removed")  # writing would go nowhere
            _write_all(file, events.encode(event))
            if isinstance(event, events.TERMINAL_EVENTS):
                self._close(event.run)
        except OSError as error:
            self._give_up(error)

    def log(self, run: str, text: bytes) -> None:
        """Append what a worker printed to the run's log."""
        if self.warning or not (self.root / run).is_dir():
            return
        try:
            with (self.root / run / "log.txt").open("ab") as file:
                file.write(text[: max(MOST_LOG - file.tell(), 0)])
        except OSError as error:
            self._give_up(error)

    def close(self, run: str | None = None) -> None:
        """Close one run's file, or all."""
        self._close(run)

    def catch_up(self) -> None:
        """Have all that was recorded so far where it can be read."""

    def _close(self, run: str | None = None) -> None:
        for name in [run] if run else list(self._files):
            file = self._files.pop(name, None)
            self.heartbeat.end(name)
            if file is not None:
                with contextlib.suppress(OSError):
                    file.close()

    def _give_up(self, error: Exception) -> None:
        self.warning = self._sentence(error)
        self._close()

    def _sentence(self, error: Exception) -> str:
        why = getattr(error, "strerror", None) or error
        return f"Recording stopped: {why} in {self.root}. Training goes on unrecorded."


def list_runs(root: Path) -> Iterator[RunInfo]:
    """The stored runs, newest first; directories that are no runs, or damaged ones, are passed over."""
    names = sorted((entry.name for entry in os.scandir(root) if _ID.match(entry.name)), reverse=True) \
        if root.is_dir() else []  # fmt: skip
    for name in names:
        try:
            info = read_info(root / name)
        except (OSError, msgspec.DecodeError):
            continue
        if info.run == name:
            yield info


def read_info(folder: Path) -> RunInfo:
    """spec.json of a run directory, which may be from elsewhere. Raises OSError or msgspec.DecodeError."""
    path = folder / "spec.json"
    with open_file(path) as file:
        content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise msgspec.DecodeError(f"it is larger than {MOST_BYTES >> 20} MiB")
    info = decoded(content, RunInfo)
    # JSON carries control characters as escapes; decoded, a terminal would obey them.
    if not all(char.isprintable() or char in "\n\t" for text in _texts(msgspec.to_builtins(info)) for char in text):
        raise msgspec.DecodeError("it has control characters in its texts")
    return info


def read_events(folder: Path) -> Iterator[AnyRunEvent]:
    """All complete, readable events of a run directory, in order."""
    path = folder / RECORD
    if not path.exists():
        return
    with open_file(path) as file:
        for line in file:
            if not line.endswith(b"\n"):
                return
            try:
                event = events.decode(line)
            except EventError:
                continue
            if not isinstance(event, (Hello, Answer)):
                yield event


def replay(folder: Path) -> RunHistory:
    """A stored run as if it had just been watched, as far as its events can be read.

    Raises OSError or msgspec.DecodeError for no run.
    """
    info = read_info(folder)
    history = RunHistory(info.run, info.spec)
    try:
        for event in read_events(folder):
            history.apply(event)
    except OSError as error:
        history.lose(f"its events cannot be read: {error.strerror or error}")
    if history.is_live and not is_being_written(folder):
        history.lose("the record ends before the run did")
    return history


def _texts(value: object) -> Iterator[str]:
    """Every text in a plain value, the keys of its tables included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from (key, *_texts(item))
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _texts(item)


def _write_all(file: BinaryIO, line: bytes) -> None:
    """A disk that fills up takes a part of a line without an error; the rest then says why. Raises OSError."""
    while line:
        line = line[file.write(line) :]


def _replace(path: Path, content: bytes) -> None:
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_bytes(content)
    temporary.replace(path)
