"""How commands print: one table style, one JSON object."""

from __future__ import annotations

import sys
from typing import Any

import msgspec
from rich import box
from rich.table import Table


def plain_table(*headings: str) -> Table:
    """A table without a frame; a heading that begins with > is aligned to the right."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold", show_edge=False)
    for heading in headings:
        right = heading.startswith(">")
        table.add_column(heading.removeprefix(">"), justify="right" if right else "left", overflow="fold")
    return table


def print_json(value: Any) -> None:
    """One JSON object and nothing else on stdout; NaN becomes null."""
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(value), indent=2).decode() + "\n")


def counted(count: int, noun: str) -> str:
    """1 arm, 2 arms."""
    return f"{count} {noun}" + ("s" if count != 1 else "")
