"""The filter line: `arm=dropout lr=2e-3 data=fashion-mnist`, with its keys and values completed."""

from __future__ import annotations

import operator
import re
import shlex
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from regtui.compare.library import Entry, StoredArm, Value
from regtui.scenario.errors import nearest, printable

_OPERATORS: dict[str, Callable[[float, float], bool]] = {
    "!=": operator.ne, "<=": operator.le, ">=": operator.ge, "=": operator.eq, "<": operator.lt, ">": operator.gt,
}  # fmt: skip
_TERM = re.compile(r"^([^=<>!]+)(!=|<=|>=|=|<|>)(.*)$", re.DOTALL)
_FIRST = ("arm", "scenario", "seed", "data", "model", "run")
"""Keys that are no settings."""


class QueryError(ValueError):
    """A filter that cannot be used; the sentence says why."""


@dataclass(frozen=True, slots=True)
class _Term:
    key: str
    sign: str
    value: str

    def holds(self, fields: dict[str, list[Value]]) -> bool:
        """Whether any of the values under the key is as wanted; for != that none is another's equal."""
        found = _under(self.key, fields)
        if self.sign == "!=":
            return not any(_matches(value, "=", self.value) for value in found)
        return any(_matches(value, self.sign, self.value) for value in found)


class Query:
    """What a filter line asks for; all of its terms must hold. A bare word is looked for in names and ids."""

    def __init__(self, text: str, known: Iterable[str]) -> None:
        """Raises QueryError: a key that no run has.

        known  the keys that can be asked for, of `keys`
        """
        self._terms: list[_Term] = []
        self._words: list[str] = []
        names = list(known)
        for word in _words(text):
            match = _TERM.match(word)
            if match is None:
                self._words.append(word.lower())
                continue
            key, sign, value = match.groups()
            if not _candidates(key, names):
                raise QueryError(f"{printable(key)} is no key of these runs" + nearest(key, names))
            if sign not in ("=", "!=") and _number(value) is None:
                raise QueryError(f"{printable(key)}{sign} takes a number; {printable(value)!r} is none")
            self._terms.append(_Term(key, sign, value))

    def __bool__(self) -> bool:
        return bool(self._terms or self._words)

    def matches(self, entry: Entry) -> bool:
        """Whether a run is asked for."""
        fields = entry.fields
        names = " ".join((entry.spec.scenario, entry.spec.arm, entry.run)).lower()
        return all(word in names for word in self._words) and all(term.holds(fields) for term in self._terms)

    def of(self, arms: Iterable[StoredArm]) -> list[StoredArm]:
        """The arms with the runs that are asked for; those without any are left out."""
        found = []
        for arm in arms:
            kept = [entry for entry in arm.entries if self.matches(entry)]
            if kept:
                found.append(StoredArm(arm.scenario, arm.arm, arm.name, arm.settings, kept))
        return found


def keys(entries: Iterable[Entry]) -> list[str]:
    """The keys that these runs have: full names, and short ones where they need no more."""
    full = dict.fromkeys(key for entry in entries for key in entry.fields)
    short = dict.fromkeys(key.rpartition(".")[2] for key in full if "." in key and not key.endswith(".name"))
    return list(dict.fromkeys([*_FIRST, *short, *full]))


def completions(text: str, entries: Sequence[Entry], most: int = 12) -> list[str]:
    """What the last word of a filter line could become: keys, or values of its key that these runs have."""
    last = last_word(text)
    match = _TERM.match(last)
    if match is None:
        names = [key for key in keys(entries) if key.startswith(last.lower())]
        return [f"{name}=" for name in names[:most]]
    key, sign, begun = match.groups()
    begun = begun.strip("\"'").lower()
    counts: dict[str, int] = {}
    for entry in entries:
        for value in _under(key, entry.fields):
            counts[shown(value)] = counts.get(shown(value), 0) + 1
    fitting = [value for value in counts if begun in value.lower() and value.lower() != begun]
    fitting.sort(key=lambda value: (not value.lower().startswith(begun), -counts[value], value))
    return [f"{key}{sign}{_quoted(value)}" for value in fitting[:most]]


def last_word(text: str) -> str:
    """What is being typed: from the last blank that is in no quotation marks."""
    start, quote = 0, ""
    for i, letter in enumerate(text):
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "\"'":
            quote = letter
        elif letter == " ":
            start = i + 1
    return text[start:]


def shown(value: object) -> str:
    """A value as people write it: 0.002, true, fashion-mnist."""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:  # a quotation mark without its end: the filter is still being typed
        return text.replace('"', "").replace("'", "").split()


def _candidates(key: str, names: Iterable[str]) -> list[str]:
    """Full keys that a short one stands for: lr for train.lr, p for dropout@head.p and for dropout@block.p."""
    key = key.lower()
    return [name for name in names if name.lower() == key or name.lower().endswith(f".{key}") or _site(name) == key]


def _site(name: str) -> str:
    """dropout@head.p is also known as dropout.p, dropout@head as dropout."""
    return re.sub(r"@[^.]*", "", name.lower())


def _under(key: str, fields: dict[str, list[Value]]) -> list[Value]:
    if key.lower() in fields:
        return fields[key.lower()]
    return [value for name in _candidates(key, fields) for value in fields[name]]


def _matches(value: Value, sign: str, wanted: str) -> bool:
    number = _number(wanted)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return number is not None and _OPERATORS[sign](value, number)
    return sign == "=" and wanted.lower() in shown(value).lower()


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _quoted(value: str) -> str:
    return shlex.quote(value) if re.search(r"[\s\"']", value) else value
