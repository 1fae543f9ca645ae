"""What is wrong with a scenario file: where, what was found, what is allowed, and the nearest known name.

msgspec reports the first error of a structure with its path but without the value, the allowed names or a suggestion;
`convert` looks those up.
"""

from __future__ import annotations

import copy
import difflib
import math
import re
import types
from collections.abc import Iterable, Iterator
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

import msgspec

T = TypeVar("T")

_WORDS = {"int": "a whole number", "float": "a number", "str": "a text", "bool": "true or false", "array": "a list",
          "object": "a table"}  # fmt: skip

LONGEST_KEY = 200
"""Characters of a path that are told."""
MOST = 50
"""Mistakes told of one table."""
MISSING = "is missing"


class Problem(msgspec.Struct, frozen=True):
    """One thing to change."""

    key: str
    """Dotted path: arms[1].add[0].dropout.p; "" for the file as a whole."""
    message: str
    """What was found and what is allowed."""

    def __str__(self) -> str:
        return f"{self.key}: {self.message}" if self.key else self.message


class ScenarioError(ValueError):
    """A scenario that cannot be used; nothing was started."""

    def __init__(self, source: str, problems: Iterable[Problem]) -> None:
        self.source = source
        self.problems = tuple(problems)
        super().__init__("\n".join(printable(f"{source}: {problem}") for problem in self.problems))


class Problems(list[Problem]):
    """Collects problems, so that a file's author sees all of them at once."""

    def add(self, key: str, message: str) -> None:
        """Note a problem, once."""
        where = printable(key)
        problem = Problem(where if len(where) <= LONGEST_KEY else f"{where[:LONGEST_KEY]}…", printable(message))
        if problem not in self:
            self.append(problem)

    def add_new(self, others: Iterable[Problem]) -> None:
        """Note what does not say the same of another key already: an arm inherits the mistakes of the one before."""
        told = {problem.message for problem in self}
        self.extend(problem for problem in others if problem.message not in told)

    def convert(self, raw: Any, type_: type[T], key: str) -> T | None:
        """The value as `type_`; everything wrong in it is noted.

        msgspec stops at the first error, so what is wrong is left out, as if the file did not have it, until the rest
        converts. None where nothing could be left out: something required is missing, or an item of a list is wrong.
        Also after `MOST` mistakes: such a file is no scenario.
        """
        raw = copy.deepcopy(raw)
        for _ in range(MOST):
            try:
                return msgspec.convert(raw, type_)
            except UnicodeEncodeError:  # bytes of the command line that are not UTF-8
                self.add(key, "has bytes that are no text")
                return None
            except msgspec.ValidationError as error:
                where, message = _explained(str(error), raw, type_, key)
                self.add(where, message)
                if message == MISSING or not _left_out(raw, where, key):
                    return None
        return None

    def refuse_non_finite(self, raw: Any, key: str = "") -> None:
        """Note every nan and inf below `key`; msgspec lets them through its ranges."""
        for path, number in _leaves(raw, key, float):
            if not math.isfinite(number):
                self.add(path, f"is {number}; allowed is a finite number")

    def refuse_control_characters(self, raw: Any) -> None:
        """Note every text that a terminal would take for more than text; line breaks and tabs are fine in one.

        Texts of a model are left to the catalog, which knows what each may be.
        """
        for path, text in _leaves(raw, "", str):
            if ".model." in path:
                continue
            odd = next((char for char in text if not char.isprintable() and char not in "\n\t"), "")
            if odd or not path.isprintable():
                found = f"\\x{ord(odd):02x}" if odd else "a control character in its name"
                self.add(path, f"has {found}; allowed is text without control characters")


def printable(text: str) -> str:
    """The text without control characters, so that no escape sequence of a file reaches the terminal."""
    return "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in text)


def nearest(name: str, known: Iterable[str]) -> str:
    """'; did you mean "dropout"?' or, where nothing is near, '; known are a, b, c'."""
    names = list(known)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    if close:
        return f'; did you mean "{close[0]}"?'
    shown = ", ".join(names[:12]) + (", ..." if len(names) > 12 else "")
    return f"; known are {shown}" if names else ""


def shown(value: Any) -> str:
    """A value as an error quotes it: short, and never a whole table."""
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, bool):
        return str(value).lower()
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _explained(error: str, raw: Any, type_: Any, key: str) -> tuple[str, str]:
    """The key and the message for one error text of msgspec."""
    text, _, path = error.partition(" - at `$")
    path = path.removesuffix("`")
    found, target = _walk(raw, type_, path)
    where = (key + path).lstrip(".")
    prefix = f"{where}." if where else ""
    if match := re.search(r"unknown field `(.*)`", text):
        unknown = match[1]
        return f"{prefix}{unknown}", "is not a key here" + nearest(unknown, _field_names(target))
    if match := re.search(r"missing required field `(.*)`", text):
        return f"{prefix}{match[1]}", MISSING
    choices = _choices(target)
    if text.startswith("Invalid enum value") and choices:
        return where, f"is {shown(found)}; allowed are {', '.join(choices)}" + nearest(str(found), choices)
    return where, f"is {shown(found)}; allowed is {_in_words(text)}"


def _left_out(raw: Any, where: str, key: str) -> bool:
    """Delete what a dotted path below `key` names; False where that is not the key of a table."""
    path = re.findall(r"[^.\[\]]+", where.removeprefix(key))
    for step in path[:-1]:
        if isinstance(raw, dict):
            raw = raw.get(step)
        elif isinstance(raw, list) and step.isdigit() and int(step) < len(raw):
            raw = raw[int(step)]
    if not path or not isinstance(raw, dict) or path[-1] not in raw:
        return False
    del raw[path[-1]]
    return True


def _in_words(text: str) -> str:
    match = re.match(r"Expected `([^`]*)`(.*)", text)
    if not match:
        return text
    kind, rest = match[1], match[2].partition(", got")[0]
    nouns = " or ".join(_WORDS.get(part.strip(), part.strip()) for part in kind.split("|"))
    return (nouns + rest.replace(".0", "")).strip()


def _walk(raw: Any, type_: Any, path: str) -> tuple[Any, Any]:
    """The value and the type at a path like .base.data or [1].lr."""
    for name, index in re.findall(r"\.([A-Za-z_]\w*)|\[(\d+|\.\.\.)\]", path):
        type_ = _bare(type_)
        if name:
            raw = raw.get(name) if isinstance(raw, dict) else None
            fields = {field.encode_name: field.type for field in _fields(type_)}
            type_ = fields.get(name, Any)
        else:
            raw = raw[int(index)] if index.isdigit() and isinstance(raw, list) and int(index) < len(raw) else None
            type_ = next(iter(get_args(type_)), Any)
    return raw, _bare(type_)


def _bare(type_: Any) -> Any:
    """The type without Annotated and None."""
    if get_origin(type_) is Annotated:
        return _bare(get_args(type_)[0])
    if get_origin(type_) in (Union, types.UnionType):
        rest = [arg for arg in get_args(type_) if arg is not type(None)]
        return _bare(rest[0]) if len(rest) == 1 else type_
    return type_


def _fields(type_: Any) -> tuple[msgspec.structs.FieldInfo, ...]:
    is_struct = isinstance(type_, type) and issubclass(type_, msgspec.Struct)
    return msgspec.structs.fields(type_) if is_struct else ()


def _field_names(type_: Any) -> list[str]:
    return [field.encode_name for field in _fields(type_)]


def _choices(type_: Any) -> list[str]:
    return [str(choice) for choice in get_args(type_)] if get_origin(type_) is Literal else []


def _leaves(raw: Any, key: str, type_: type[T]) -> Iterator[tuple[str, T]]:
    """Every value of a type below a key, with its dotted path."""
    if isinstance(raw, type_):
        yield key, raw
    elif isinstance(raw, dict):
        for name, value in raw.items():
            yield from _leaves(value, f"{key}.{name}".lstrip("."), type_)
    elif isinstance(raw, list):
        for index, value in enumerate(raw):
            yield from _leaves(value, f"{key}[{index}]", type_)
