"""What cannot be exported, said in a sentence."""

from __future__ import annotations


class ExportError(ValueError):
    """Nothing was written; the message says what was found, what is allowed and what to do."""
