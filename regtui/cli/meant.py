"""What somebody may have meant who wrote words that no option takes."""

from __future__ import annotations

import argparse
from collections.abc import Collection, Sequence


def meant(
    arguments: argparse.Namespace, words: Sequence[str], unknown: Sequence[str], commands: Collection[str]
) -> str:
    """The end of an error, "; ..."; "" where nobody can say.

    words    of the whole line, the command first, as it was typed or as it was added
    unknown  those of them that nothing took
    """
    late = next((word for word in words[1:] if word in commands), None)
    if words[0] == "explore" and late is not None:
        return f"; the command comes first: regtui {late} ..."
    if any(arm in ("+", "-") for arm in getattr(arguments, "arm", None) or ()):
        return '; a name with spaces is put in quotation marks: --arm "+ dropout"'
    if any("=" in word.strip("=") for word in unknown) and getattr(arguments, "settings", None):
        return "; each setting needs a --set of its own"
    return ""
