"""Own data as a record of the catalog, so that everything that knows the catalog's data sets knows them too."""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any, TextIO

import msgspec

from regtui.catalog import DATASETS, Dataset
from regtui.own import pictures, texts
from regtui.own.names import PICTURES, OwnDataError, is_own, located, path_of
from regtui.own.parts import default_sizes
from regtui.scenario.errors import printable

EVERY = 5.0
"""Seconds between two lines that say how far it is, where none can be written over."""


class Adopted(msgspec.Struct, frozen=True, kw_only=True):
    """Own data that were looked at."""

    record: Dataset
    """As the catalog has it."""
    defaults: dict[str, Any]
    """What the data of a spec say where nothing else is said: all samples, size or length, the content's digest."""
    notes: tuple[str, ...]
    """Sentences that whoever trains on them must know."""


def adopt(name: str, *, size: int = 0, fit: str = "crop") -> Adopted:
    """Look at own data, prepare them, and put their record into the catalog of this process.

    name  folder:PATH or text:PATH, absolute

    Raises OwnDataError, with a sentence for people, for data that cannot be used.
    """
    try:
        adopted = _pictures(name, size, fit) if name.startswith(PICTURES) else _texts(name)
    except OSError as error:
        raise OwnDataError(f"{path_of(name)} cannot be read: {error.strerror or error}") from None
    DATASETS[name] = adopted.record
    return adopted


def filled(given: dict[str, Any], root: Path) -> dict[str, Any]:
    """The data table of a scenario with what own data say where it does not; the same for data of the catalog.

    root  where relative paths begin

    Raises OwnDataError.
    """
    if not is_own(given.get("name")):
        return given
    name = located(given["name"], root)
    size, fit = given.get("size", 0), given.get("fit", "crop")
    if not isinstance(size, int) or fit not in ("crop", "stretch"):
        return {**given, "name": name}  # whoever reads the table refuses these
    adopted = adopt(name, size=size, fit=fit)
    defaults = adopted.defaults
    held_out = given.get("validation")
    if isinstance(held_out, int) and "train" not in given and not adopted.record.validation_samples:
        defaults = {**defaults, "train": max(adopted.record.train_samples - held_out, 1)}
    return {**defaults, **given, "name": name, "content": defaults["content"], "size": defaults["size"]}


def described(record: Dataset) -> str:
    """One sentence: how many, of what, and what a constant answer would score."""
    counts = sorted(zip(record.class_counts, record.classes, strict=True), reverse=True)
    total = sum(record.class_counts)
    noun = "pictures" if record.kind == "image" else "texts"
    (most, largest), (fewest, smallest) = counts[0], counts[-1]
    is_level = most == fewest
    spread = f"{most:,} of each" if is_level else f"{smallest} {fewest:,} to {largest} {most:,}"
    guess = "giving the same answer" if is_level else f"saying {largest}"
    return (
        f"{total:,} {noun} of {len(record.classes)} classes for training and validation, {spread}; "
        f"always {guess} would be right for {100 * most / total:.1f} %"
    )


def _pictures(name: str, size: int, fit: str) -> Adopted:
    found = pictures.prepare(path_of(name), size, fit if fit == "stretch" else "crop", _tell)
    record = _record(
        name, "image", found.classes, found.labels, shape=(found.channels, found.size, found.size),
        summary=f"{path_of(name)}: {'gray' if found.channels == 1 else 'RGB'}, {found.size}x{found.size}.",
    )  # fmt: skip
    notes = _notes(found.skipped, "could not be decoded and were", found.leaked, "pictures", record)
    if found.others:
        kinds = ", ".join(f"{count:,} {kind}" for kind, count in sorted(found.others.items()))
        notes += (f"{sum(found.others.values()):,} were passed over, of kinds that are not read: {kinds}",)
    return Adopted(record=record, notes=notes, defaults=_defaults(record, found.content, size=found.size))


def _texts(name: str) -> Adopted:
    found = texts.read(path_of(name))
    record = _record(
        name, "text", found.classes, found.labels, shape=(found.length,), summary=f"{path_of(name)}."
    )  # fmt: skip
    notes = _notes(found.skipped, "were", found.leaked, "texts", record)
    defaults = {**_defaults(record, found.content, size=0), "length": found.length}
    return Adopted(record=record, notes=notes, defaults=defaults)


def _record(
    name: str, kind: Any, classes: tuple[str, ...], labels: dict[str, list[int]], *, shape: tuple[int, ...],
    summary: str,
) -> Dataset:  # fmt: skip
    counts = {part: len(given) for part, given in labels.items()}
    seen = Counter(label for part in ("train", "validation") for label in labels.get(part, ()))
    if not counts["test"] or not counts["train"]:
        raise OwnDataError(
            f"{path_of(name)} has {counts['train']} samples for training and {counts['test']} for testing; "
            "a class needs 3 at least, or give a test part of its own"
        )
    return Dataset(
        name=name, title=path_of(name).name, summary=summary, kind=kind, classes=classes, shape=shape,
        train_samples=counts["train"], validation_samples=counts.get("validation", 0), test_samples=counts["test"],
        class_counts=tuple(seen[label] for label in range(len(classes))), is_sealed=True, licence="your own",
        source="your own",
    )  # fmt: skip


def _defaults(record: Dataset, content: str, *, size: int) -> dict[str, Any]:
    sizes = default_sizes(record.train_samples, record.validation_samples, record.test_samples)
    return {**sizes, "size": size, "content": content}


def _notes(skipped: list[str], how: str, leaked: int, noun: str, record: Dataset) -> tuple[str, ...]:
    found = []
    if skipped:
        more = f" and {len(skipped) - 3} more" if len(skipped) > 3 else ""
        found.append(f"{len(skipped)} {how} left out: {'; '.join(skipped[:3])}{more}".replace("  ", " "))
    if leaked:
        found.append(f"{leaked} of {record.test_samples} test {noun} are in the training part as well")
    return tuple(found)


def can_erase(stream: TextIO) -> bool:
    """Whether what was written last can be written over: not in a file or a pipe, nor in an editor's shell."""
    return stream.isatty() and os.environ.get("TERM", "").lower() not in ("dumb", "unknown")


class _Teller:
    """Says how far it is: on one line of a terminal, each sentence over the last; elsewhere a line now and then."""

    def __init__(self) -> None:
        self._said_at = time.monotonic()

    def __call__(self, sentence: str) -> None:
        if can_erase(sys.stderr):
            sys.stderr.write(f"\r\x1b[K{printable(sentence)}")
        elif time.monotonic() - self._said_at >= EVERY:
            sys.stderr.write(f"regtui: {printable(sentence)}\n")
        else:
            return
        self._said_at = time.monotonic()
        sys.stderr.flush()


_tell = _Teller()
