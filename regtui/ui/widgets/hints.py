"""The line below a dialog: what its keys do. A word that names a single key can be clicked."""

from __future__ import annotations

from textual.content import Content

BETWEEN = " · "
_KEYS = {"enter": "enter", "escape": "escape", "esc": "escape", "space": "space", "←": "left", "→": "right"}
_SIGNS = ("↑", "↓", "or")
"""Second words of a hint that names several keys."""


def hints(*texts: str) -> Content:
    """Hints such as "enter opens", each of which begins with its key."""
    parts: list[Content] = []
    for text in texts:
        key = pressed_by(text)
        # Textual knows a key from the keyboard by its name, which for letters and digits is what they write.
        shown = Content.styled(text, f"@click=app.press({key!r})") if key else Content(text)
        parts += [Content(BETWEEN), shown] if parts else [shown]
    return Content.assemble(*parts)


def pressed_by(text: str) -> str:
    """The key that a click on a hint presses, by Textual's name; "" where it names several."""
    first, _, rest = text.partition(" ")
    if rest.partition(" ")[0] in _SIGNS:
        return ""
    return _KEYS.get(first) or (first if len(first) == 1 and first.isascii() and first.isalnum() else "")
