"""What the code of somebody else's raised, in words for people: the kind, the first line, and where in their code."""

from __future__ import annotations

import sysconfig
import traceback
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from regtui.paths import PACKAGE

LONGEST = 200
"""Characters that are told of a message."""
OF_SIZES = (RuntimeError, ValueError, AssertionError, IndexError)
"""Kinds of exceptions that samples of another size than a network was made for end in."""


def told(error: BaseException) -> str:
    """RuntimeError: mat1 and mat2 shapes cannot be multiplied (mynet.py, line 12)."""
    text = str(error).strip().partition("\n")[0][:LONGEST]
    where = place(error)
    return f"{type(error).__name__}{f': {text}' if text else ''}{f' ({where})' if where else ''}"


def what(output: object) -> str:
    """What a network gave in the place of a tensor: a tuple of 2, a dict of logits and loss, nothing."""
    if output is None:
        return "nothing (None)"
    kind = type(output).__name__
    if isinstance(output, Mapping):
        return f"a {kind} of {', '.join(map(str, list(output)[:4])) or 'nothing'}"
    if isinstance(output, (tuple, list)):
        shapes = ", ".join(str(tuple(one.shape)) for one in output[:4] if isinstance(one, Tensor))
        return f"a {kind} of {len(output)}{f', tensors of {shapes}' if shapes else ''}"
    return f"a {kind}"


def place(error: BaseException) -> str:
    """The last line of a traceback that is in code of the user's, mynet.py, line 12; "" for none."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if not frame.filename.startswith("<") and not _is_library(Path(frame.filename)):
            return f"{Path(frame.filename).name}, line {frame.lineno}"
    return ""


def _is_library(file: Path) -> bool:
    paths = sysconfig.get_paths()
    libraries = [PACKAGE, Path(torch.__file__).parent, *(Path(paths[key]) for key in ("stdlib", "purelib", "platlib"))]
    return any(file.is_relative_to(folder) for folder in libraries) or "site-packages" in file.parts
