"""The colours of our two themes: plain values, so that they can be had before Textual is there."""

from __future__ import annotations

from typing import NamedTuple


class Shades(NamedTuple):
    """Hex, by what they are for; styles call them `$primary`, `$text_muted` with a hyphen, and so on."""

    primary: str
    secondary: str
    accent: str
    success: str
    warning: str
    error: str
    foreground: str
    background: str
    surface: str
    panel: str
    faint: str
    text_muted: str
    cursor: str
    border_blurred: str


DARK = Shades(
    primary="#7aa2f7", secondary="#9aa5ce", accent="#e6a85c", success="#8fc97a", warning="#e0af68", error="#f0788a",
    foreground="#c8d0ef", background="#1a1b26", surface="#1f2133", panel="#24273a", faint="#727aa3",
    text_muted="#8b93b5", cursor="#33395a", border_blurred="#3b3f58",
)  # fmt: skip
LIGHT = Shades(
    primary="#2f5fc4", secondary="#4c5573", accent="#9a5a00", success="#2f7a1e", warning="#8a6100", error="#b3263c",
    foreground="#2e3440", background="#f4f4f6", surface="#ebecf0", panel="#e2e4ea", faint="#757c8e",
    text_muted="#5d6474", cursor="#cdd7ee", border_blurred="#c3c7d1",
)  # fmt: skip
