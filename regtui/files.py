"""Open and decode files that somebody else may have put there."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO, TypeVar

import msgspec

T = TypeVar("T")


def open_file(path: Path) -> BinaryIO:
    """A file for reading. Raises OSError, also for a pipe or a device.

    A directory from elsewhere, or a folder of pictures, may hold any of these; reading them would wait or go on for
    ever.
    """
    number = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    if not stat.S_ISREG(os.fstat(number).st_mode):
        os.close(number)
        raise OSError(errno.EINVAL, "it is not a regular file", str(path))
    return os.fdopen(number, "rb")


def read_file(path: Path) -> bytes:
    """All of such a file. Raises OSError as `open_file` does."""
    with open_file(path) as file:
        return file.read()


def decoded(content: bytes, type_: type[T]) -> T:
    """The value of a JSON text. Raises msgspec.DecodeError for anything else.

    So bytes that are no text, and brackets in brackets without end, are no exceptions of other kinds.
    """
    try:
        return msgspec.json.decode(content, type=type_)
    except UnicodeDecodeError as error:
        raise msgspec.DecodeError("it has bytes that are no text") from error
    except RecursionError:
        raise msgspec.DecodeError("it is nested without end") from None
