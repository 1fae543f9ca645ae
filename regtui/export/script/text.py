"""The script itself, put together: helpers, data, model, loop, from top to bottom on one page."""

from __future__ import annotations

import ast

import msgspec

from regtui.export.script import batch, pieces
from regtui.export.script.lift import Lifted
from regtui.export.script.load import load
from regtui.export.script.main import main
from regtui.export.script.network import network
from regtui.export.script.samples import samples_of
from regtui.export.stored import StoredRun
from regtui.own import is_own
from regtui.scenario.errors import printable
from regtui.spec import RunSpec

_IMPORTS = (
    ("copy", "import copy"), ("hashlib", "import hashlib"), ("json", "import json"), ("math", "import math"),
    ("Counter", "from collections import Counter"), ("dataclass", "from dataclasses import dataclass"),
    ("cache", "from functools import cache"), ("reduce", "from functools import reduce"),
    ("Path", "from pathlib import Path"), ("SimpleNamespace", "from types import SimpleNamespace"),
)  # fmt: skip
"""The standard library, as far as a script uses it."""
_TORCH = (
    ("torch", "import torch"), ("F", "import torch.nn.functional as F"), ("nn", "from torch import nn"),
    ("Tensor", "from torch import Tensor"), ("_BatchNorm", "from torch.nn.modules.batchnorm import _BatchNorm"),
    ("get_total_norm", "from torch.nn.utils import get_total_norm"),
)  # fmt: skip


def script(stored: StoredRun) -> str:
    """train.py of a run that `refusal` let through."""
    spec = with_its_threads(stored)
    lifted = Lifted()
    data = load(spec, lifted)
    changed = batch.augment(spec, lifted)
    trained = main(spec, lifted)
    parts = [
        pieces.HELPERS,
        "" if samples_of(spec.data).is_text and "read_tensors" not in trained else pieces.READ_TENSORS,
        lifted.text(),
        data,
        batch.draws(spec),
        changed,
        network(spec),
        pieces.SCHEDULES[spec.train.schedule],
        pieces.EVALUATE,
        trained,
    ]
    body = _spaced("\n".join(part.strip("\n") for part in parts if part))
    return _head(stored, body) + body


def with_its_threads(stored: StoredRun) -> RunSpec:
    """The spec of a run with the number of threads that it was trained with, where it left that to the machine."""
    if stored.spec.threads != "auto":
        return stored.spec
    return msgspec.structs.replace(stored.spec, threads=stored.history.started.threads if stored.history.started else 1)


def spoken(text: str) -> str:
    """A text of a file as it may stand in a docstring: one line, no escapes, nothing that could end it."""
    return printable(text).replace("\\", "/").replace('"', "'")


def recorded(stored: StoredRun) -> str:
    """What the run itself ended with, in full digits, or "" before its first evaluation."""
    last = stored.history.last
    if last is None:
        return ""
    sealed = is_own(stored.spec.data.name)  # a script does not look at the test part of own data
    splits = {"train": last.train, "validation": last.validation, "test": None if sealed else last.test}
    figures = [f"{name} {found.loss!r} {found.accuracy!r}" for name, found in splits.items() if found is not None]
    return f"step {last.step}  " + "  ".join(figures)


def _spaced(text: str) -> str:
    """Two empty lines before and after each function and class, one between all else at the top."""
    tree = ast.parse(text)
    lines, parts, before = text.splitlines(), [], None
    ends = 0
    for node in tree.body:
        first = min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", []))])
        while first - 2 >= ends and lines[first - 2].startswith("#"):
            first -= 1
        is_block = isinstance(node, ast.FunctionDef | ast.ClassDef | ast.If)
        if before is not None:
            parts.append("\n\n" if is_block or before else "")
        parts.append("\n".join(lines[first - 1 : node.end_lineno]) + "\n")
        before, ends = is_block, node.end_lineno or 0
    return "".join(parts)


def _head(stored: StoredRun, body: str) -> str:
    spec, train = stored.spec, stored.spec.train
    title = spoken(f"{spec.scenario}: {spec.arm}, seed {spec.seed}")
    last = recorded(stored)
    ending = f"\nThe run it was exported from ({spoken(stored.run)}) said:\n\n    {last}\n" if last else ""
    points = min(train.evaluations, spec.total_steps)
    used = {node.id for node in ast.walk(ast.parse(body)) if isinstance(node, ast.Name)} | {"Path"}
    library, torch = ("\n".join(said for name, said in rows if name in used) for rows in (_IMPORTS, _TORCH))
    length = f"LENGTH = {spec.data.length}  # words of a text\n" if "LENGTH" in used else ""
    return f'''"""{title}

Plain PyTorch: trains the network and prints loss (nats) and accuracy (percent) of each split, in full digits, so that
they can be compared. On the same CPU with the same torch they are those of the run, bit for bit.
{ending}"""

{library}

{torch}

HERE = Path(__file__).parent
SEED = {spec.seed}  # keys every draw; samples, batches and first weights are the same for every stack
TRAIN, VALIDATION, TEST = {spec.data.train}, {spec.data.validation}, {spec.data.test}  # samples
{length}EPOCHS, BATCH, EVALUATION_BATCH = {train.epochs}, {train.batch_size}, {train.evaluation_batch}
LR = {train.lr!r}  # the peak of the schedule
STEPS_PER_EPOCH = TRAIN // BATCH  # an incomplete last batch is dropped
STEPS = STEPS_PER_EPOCH * EPOCHS
EVALUATIONS = {{round(STEPS * i / {points}) for i in range(1, {points + 1})}}


'''
