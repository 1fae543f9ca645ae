"""Which attempt of a task counts: a lost task is made again from its start, and the lost one may still talk."""

from __future__ import annotations


class Attempts:
    """An attempt is known by a random name of its own; the one that was heard of last is the one that counts.

    Ray begins another only after it has given the one before up, so whatever an earlier one still says is out of date.
    """

    def __init__(self) -> None:
        self._heard: dict[str, list[str]] = {}

    def counts(self, task: str, attempt: str) -> bool:
        """Whether what this attempt says is to be heard."""
        heard = self._heard.setdefault(task, [])
        if attempt not in heard:
            heard.append(attempt)
        return attempt == heard[-1]

    def number(self, task: str) -> int:
        """How many have been heard of."""
        return len(self._heard.get(task, ()))
