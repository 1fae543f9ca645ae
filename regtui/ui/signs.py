"""Whether the terminal can show more than ASCII, and the nearest ASCII sign of each that the screens use."""

from __future__ import annotations

import os
import sys
import unicodedata
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from regtui.ui.charts import Charset

_SIGNS = {
    "●": "o", "○": ".", "▲": "^", "■": "#", "□": "-", "◆": "+", "▼": "v", "★": "*", "•": "o", "·": ".", "…": ".",
    "✔": "V", "✘": "X", "›": ">", "−": "-", "±": "~", "×": "x", "–": "-", "‖": "=", "▸": ">", "▾": "v", "━": "=",
    "▏": "|", "░": ".", "α": "a", "λ": "l", "ε": "e", "σ": "s", "β": "b", "Δ": "D",
    "├": "|", "┤": "|", "γ": "g", "°": "d", "←": "<", "→": ">",
    "↑": "^", "↓": "v", "─": "-", "╌": ".", "┈": ".", "│": "|", "╎": ":", "╭": "+",
    "╮": "+", "╰": "+", "╯": "+", "█": "#", "▒": "%", "»": ">",
}  # fmt: skip
"""The nearest ASCII sign of each sign that the screens use."""

_BLOCKS = "▁▂▃▄▅▆▇"
_TABLE = str.maketrans({**_SIGNS, **{block: str(i + 1) for i, block in enumerate(_BLOCKS)}})


def charset(encoding: str | None = None, environ: Mapping[str, str] = os.environ) -> Charset:
    """Braille and signs, or ASCII alone: where the output's encoding cannot carry them or the terminal has no font.

    `encoding` is that of the stream which the screen is written to, by default the process's own. An explicit
    LC_ALL=C counts too: Python then writes UTF-8 all the same, but tmux and others show it as underscores.
    """
    # Textual writes to standard error, which under a redirected standard output is another stream.
    streams = (sys.__stdout__, sys.__stderr__)
    names = [encoding] if encoding else [stream.encoding for stream in streams if stream is not None]
    if any("utf" not in name.lower() for name in names):
        return "ascii"
    if environ.get("LC_ALL", "") in ("C", "POSIX") or environ.get("TERM", "") in ("linux", "vt100", "vt220"):
        return "ascii"
    return "braille"


def to_ascii(text: str) -> str:
    """The same text, cell for cell, without anything outside of ASCII.

    ± is two signs where a space before it leaves room for them: ~ alone is what marks a steered run.
    """
    if text.isascii():
        return text
    text = text.replace(" ±", "+-")
    return "".join(char if char.isascii() else _base(char) for char in text.translate(_TABLE))


def _base(char: str) -> str:
    """The letter below an accent; ? for what has none."""
    first = unicodedata.normalize("NFKD", char)[0]
    return first if first.isascii() else "?"
