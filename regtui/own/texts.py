"""A table of texts and labels: CSV or TSV in one file, or one file each for train, val and test in a folder."""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
import re
from collections import Counter
from collections.abc import Collection
from functools import lru_cache
from pathlib import Path

import msgspec

from regtui.files import open_file
from regtui.own.names import OwnDataError
from regtui.own.parts import Sample, check_classes, parts_of, with_test_part

SUFFIXES = (".csv", ".tsv", ".txt")
TEXT_HEADS = ("text", "sentence", "review", "content", "message", "comment", "document", "tweet", "title")
LABEL_HEADS = ("label", "class", "category", "target", "sentiment", "topic", "tag")
"""Headings by which the two columns are known, whatever their order and whatever stands beside them."""
MOST_SKIPPED = 0.1
"""Share of the rows that may lack a text or a label."""
LENGTHS = (16, 24, 40)
COVERED = 0.9
"""Share of the texts that the default length holds whole."""

DELIMITERS = {",": "a comma", "\t": "a tab", ";": "a semicolon"}
NOT_TABLES = (".json", ".jsonl", ".ndjson")
"""Of files that would pass for tables, with braces in their cells."""

_LINE_ENDS = re.compile("[\r\n]")
_QUOTED = re.compile(r'"[^"]*"')
_WORD = re.compile(r"\w+(?:['’]\w+)*")

Row = tuple[str, str]
"""Text and label."""


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """Own texts in parts."""

    content: str
    """Digest over part, label and text of every row."""
    classes: tuple[str, ...]
    texts: dict[str, tuple[tuple[str, ...], ...]]
    """By part (train, validation, test): the words of its texts."""
    labels: dict[str, list[int]]
    """Beside `texts`."""
    length: int
    """The shortest allowed length that holds nine of ten training texts whole, else the longest."""
    skipped: list[str]
    """Rows that lack something: file, line and what."""
    leaked: int
    """Test texts that are in the training part as well, word for word."""


def words(text: str) -> tuple[str, ...]:
    """The words of a text in small letters; an apostrophe within a word belongs to it, other signs are left out."""
    return tuple(_WORD.findall(text.lower()))


@lru_cache(maxsize=8)
def read(path: Path) -> Table:
    """As `look`, once a process: what was read first stays for all of its runs. Raises OwnDataError."""
    return look(path)


def look(path: Path) -> Table:
    """The texts of a file or of a folder with train, val and test files. Raises OwnDataError with a sentence."""
    files = _files(path)
    try:
        known = [(file.stat().st_size, file.stat().st_mtime_ns) for file in files.values()]
    except OSError as error:
        raise OwnDataError(f"{path} cannot be read: {error.strerror}") from None
    return _read(path, tuple(files.items()), tuple(known))


@lru_cache(maxsize=8)
def _read(path: Path, files: tuple[tuple[str, Path], ...], _known: tuple[tuple[int, int], ...]) -> Table:
    """`_known` is the size and time of each file: what has changed is read anew."""
    skipped: list[str] = []
    rows = {part: _rows(file, skipped) for part, file in files}
    total = sum(len(given) for given in rows.values()) + len(skipped)
    if len(skipped) > MOST_SKIPPED * total:
        raise OwnDataError(
            f"{path}: {len(skipped)} of {total} rows cannot be used, more than {MOST_SKIPPED:.0%}: "
            f"{'; '.join(skipped[:3])}{'; ...' if len(skipped) > 3 else ''}"
        )
    classes = tuple(sorted({label for _, label in rows["train"]}))
    check_classes(classes, {part: Counter(label for _, label in given) for part, given in rows.items()}, str(path))
    if len(classes) > len(rows["train"]) / 2:
        raise OwnDataError(
            f"{path} has {len(classes)} different labels in {len(rows['train'])} rows; these are no classes. "
            "The columns are text,label, or have a heading that says which is which"
        )
    samples: dict[str, list[Sample]] = {
        part: [
            (hashlib.sha256(text.encode()).hexdigest(), classes.index(label), place)
            for place, (text, label) in enumerate(given)
        ]
        for part, given in rows.items()
    }
    split = with_test_part(samples)
    source = {part: rows[part] if samples.get(part) else rows["train"] for part in split}
    texts = {part: tuple(words(source[part][place][0]) for _, _, place in given) for part, given in split.items()}
    trained = set(texts["train"])
    return Table(
        content=_content(split, classes), classes=classes, texts=texts,
        labels={part: [label for _, label, _ in given] for part, given in split.items()},
        length=_length(texts["train"]), skipped=skipped, leaked=sum(text in trained for text in texts["test"]),
    )  # fmt: skip


def _files(path: Path) -> dict[str, Path]:
    if path.is_file():
        return {"train": path}
    if not path.is_dir():
        raise OwnDataError(f"{path} is not there; text: needs a CSV or TSV file, or a folder with train, val and test")
    tables = sorted(file for file in path.iterdir() if file.suffix.lower() in SUFFIXES and not file.is_dir())
    parts = parts_of(tables, path)
    if "train" not in parts:
        raise OwnDataError(f"{path} holds no train.csv or train.tsv; name one file, or a folder that has it")
    return parts


def _rows(path: Path, skipped: list[str]) -> list[Row]:
    """The rows of a file without its heading; those that lack something go to `skipped`. Raises OwnDataError."""
    if path.suffix.lower() in NOT_TABLES:
        raise OwnDataError(f"{path} is {path.suffix[1:].upper()}; text: reads CSV or TSV of a text and its label")
    try:
        with open_file(path) as file:
            text = file.read().decode("utf-8-sig")
    except OSError as error:
        raise OwnDataError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        if error.object.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            raise OwnDataError(f"{path} is UTF-16, as some programs export tables; save it as UTF-8") from None
        line = error.object[: error.start].count(b"\n") + 1
        raise OwnDataError(
            f"{path} is not UTF-8 text (byte 0x{error.object[error.start]:02x} in line {line}); save it as UTF-8"
        ) from None
    if "\0" in text:
        raise OwnDataError(f"{path} has zero bytes in it, as UTF-16 and binary files do; save it as UTF-8 text")
    lines: list[tuple[int, list[str]]] = []
    delimiter = _delimiter(path, text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        before = 0
        for cells in reader:
            if any(cell.strip() for cell in cells):
                lines.append((before + 1, _without_empty_end([cell.strip() for cell in cells])))
            before = reader.line_num
    except csv.Error as error:
        raise OwnDataError(
            f"{path}, line {before + 1}: {error}; the cell that begins there is very long, or has a quotation mark at "
            "its beginning and none at its end"
        ) from None
    if not lines:
        raise OwnDataError(f"{path} is empty; it needs rows of a text and its label")
    columns, has_heading = _columns(path, [cells for _, cells in lines])
    found: list[Row] = []
    labels = {cells[columns[1]] for _, cells in lines if columns[1] < len(cells)}
    for number, cells in lines[has_heading:]:
        row = [cells[column] if column < len(cells) else "" for column in columns]
        if any(_holds_rows(cell, delimiter, labels) for cell in cells):
            raise OwnDataError(
                f"{path}, line {number}: the cell that begins there goes on over rows of the table; a quotation mark "
                "at its beginning has none at its end"
            )
        if len(cells) > len(lines[0][1]):
            skipped.append(f"{path.name} line {number} has {len(cells)} cells, not {len(lines[0][1])}: texts that hold "
                           f"{DELIMITERS[delimiter]} need quotation marks")  # fmt: skip
        elif not words(row[0]) or not row[1]:
            skipped.append(f"{path.name} line {number} has no {'label' if words(row[0]) else 'words'}")
        else:
            found.append((row[0], row[1]))
    return found


def _delimiter(path: Path, text: str) -> str:
    """A tab for .tsv; else whichever of comma, tab and semicolon the first line has most of, quoted cells left out."""
    first = _QUOTED.sub("", _LINE_ENDS.split(text.lstrip("\r\n"), maxsplit=1)[0])
    return "\t" if path.suffix.lower() == ".tsv" else max(DELIMITERS, key=first.count)


def _without_empty_end(cells: list[str]) -> list[str]:
    """Spreadsheets end every row with as many delimiters as the widest one has."""
    while len(cells) > 1 and not cells[-1]:
        cells = cells[:-1]
    return cells


def _holds_rows(cell: str, delimiter: str, labels: Collection[str]) -> bool:
    """Whether a cell of several lines has some in it that begin or end as rows do, with a label."""
    ends = (line.partition(delimiter)[0::2] for line in cell.splitlines()[1:] if delimiter in line)
    return sum(first.strip(' "') in labels or rest.rpartition(delimiter)[2].strip(' "') in labels
               for first, rest in ends) > 2  # fmt: skip


def _columns(path: Path, rows: list[list[str]]) -> tuple[tuple[int, int], bool]:
    """Where text and label stand, and whether the first row is a heading.

    A heading is known by its words, or by a label that no other row has.
    """
    heads = [cell.lower() for cell in rows[0]]
    text = next((heads.index(name) for name in TEXT_HEADS if name in heads), None)
    label = next((heads.index(name) for name in LABEL_HEADS if name in heads), None)
    if text is not None and label is not None:
        return (text, label), True
    if len(heads) != 2:
        found = f"{len(heads)} columns ({', '.join(rows[0])[:80]})" if len(heads) != 1 else (
            "one column between commas, tabs and semicolons")  # fmt: skip
        raise OwnDataError(
            f"{path} has {found}; allowed are two, text and label, or more under a heading that calls one of them "
            f"{', '.join(TEXT_HEADS[:4])}, ... and one {', '.join(LABEL_HEADS[:4])}, ..."
        )
    body = [row for row in rows[1:] if len(row) == 2]
    kinds = [len({row[column] for row in body}) for column in (0, 1)]
    text, label = (1, 0) if kinds[0] < kinds[1] else (0, 1)
    counted = Counter(row[label] for row in body)
    return (text, label), heads[label] not in {name.lower() for name in counted} and len(body) > 2


def _length(texts: tuple[tuple[str, ...], ...]) -> int:
    sizes = sorted(len(text) for text in texts) or [0]
    wanted = sizes[int(COVERED * (len(sizes) - 1))]
    return next((length for length in LENGTHS if length >= wanted), LENGTHS[-1])


def _content(split: dict[str, list[Sample]], classes: tuple[str, ...]) -> str:
    digest = hashlib.sha256()
    for part in sorted(split):
        for content, label, _ in split[part]:
            digest.update(f"{part}|{classes[label]}|{content}\n".encode())
    return digest.hexdigest()
