"""How commands print: one table style, one JSON object."""

from __future__ import annotations

import sys
from typing import Any

import msgspec
from rich import box
from rich.console import Console
from rich.table import Table


class Aside(Console):
    """Says what happens beside the result: whoever read it may be gone, and what trains goes on."""

    def on_broken_pipe(self) -> None:
        """Rich itself would end the program."""
        self.quiet = True


def plain_table(*headings: str) -> Table:
    """A table without a frame; a heading that begins with > is aligned to the right."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold", show_edge=False)
    for heading in headings:
        right = heading.startswith(">")
        table.add_column(heading.removeprefix(">"), justify="right" if right else "left", overflow="fold")
    return table


def print_json(value: Any) -> None:
    """One JSON object and nothing else on stdout; NaN becomes null, and no character is one that a terminal obeys."""
    text = msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
    sys.stdout.write("".join(char if char.isprintable() or char == "\n" else _escaped(char) for char in text) + "\n")


def _escaped(char: str) -> str:
    """The character as JSON writes those that cannot be printed: \\u009b, two of them beyond U+FFFF."""
    units = char.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[i : i + 2].hex()}" for i in range(0, len(units), 2))


def counted(count: int, noun: str) -> str:
    """1 arm, 2 arms."""
    return f"{count} {noun}" + ("s" if count != 1 else "")
