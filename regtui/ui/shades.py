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
    rule: str
    """Lines between panes: there, but quieter than any text."""
    thumb: str
    """Of a scroll bar that nobody touches."""


DARK = Shades(
    primary="#7aa2f7", secondary="#9aa5ce", accent="#e6a85c", success="#8fc97a", warning="#e0af68", error="#f4899a",
    foreground="#c8d0ef", background="#1a1b26", surface="#1f2133", panel="#24273a", faint="#7f87b0",
    text_muted="#9aa2c4", cursor="#33395a", rule="#434866", thumb="#5e658c",
)  # fmt: skip
LIGHT = Shades(
    primary="#2957b8", secondary="#4c5573", accent="#8a5000", success="#266b18", warning="#7b5600", error="#a82237",
    foreground="#2e3440", background="#f4f4f6", surface="#ebecf0", panel="#e2e4ea", faint="#697082",
    text_muted="#565d6d", cursor="#cdd7ee", rule="#b0b6c3", thumb="#858c9d",
)  # fmt: skip
