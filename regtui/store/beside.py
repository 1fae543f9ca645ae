"""A recorder for whoever must not wait for a disk: a screen goes on while a write hangs, and says so."""

from __future__ import annotations

import errno
from collections.abc import Callable
from functools import partial
from pathlib import Path

from regtui.aside import FAREWELL, Aside
from regtui.events import AnyRunEvent
from regtui.scenario import Scenario
from regtui.spec import RunSpec
from regtui.store.rundir import Recorder

SLOW = 5.0
"""Seconds that a write may take before it is told."""
HOPELESS = 600.0
"""Seconds after which nothing more is kept for a disk that does not answer."""
ANSWER = 2.0
"""Seconds that are waited where the answer matters."""
MOST_TEXTS = 200
"""Writes that may wait before texts that a worker prints, of up to 64 KiB each, are left out."""


class RecorderBeside(Recorder):
    """Writes on a thread of its own, in the order of the calls, none of which waits but `reopen`, `catch_up`, `close`.

    What another part of the program reads from the disk may lack the latest words: `catch_up` first.
    """

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self._aside = Aside("recorder")

    @property
    def notice(self) -> str:
        behind = 0.0 if self.warning else self._aside.behind
        if behind < SLOW:
            return self.warning
        return (
            f"The disk has not answered for {round(behind)} s: what is measured is recorded once it does ({self.root})."
        )

    @property
    def is_behind(self) -> bool:
        return self._aside.behind > 0

    def open(self, run: str, spec: RunSpec, scenario: Scenario | None = None, *, digest: str | None = None) -> None:
        self._do(partial(super().open, run, spec, scenario, digest=digest))

    def reopen(self, run: str) -> bool:
        """As of a plain recorder; a disk that does not answer is taken for one on which nobody else makes the run."""
        found = [True]

        def look() -> None:
            found[0] = super(RecorderBeside, self).reopen(run)

        self._do(look)
        self._aside.catch_up(ANSWER if self._aside.behind < ANSWER else 0.0)
        return found[0]

    def append(self, event: AnyRunEvent) -> None:
        if self.warning:
            return
        if self._aside.behind < HOPELESS:
            self._do(partial(super().append, event))
            return
        self.warning = self._sentence(OSError(errno.ETIMEDOUT, f"no answer for {round(HOPELESS / 60)} min"))
        self._aside.do(super().close)

    def log(self, run: str, text: bytes) -> None:
        if self._aside.waiting < MOST_TEXTS:
            self._do(partial(super().log, run, text))

    def close(self, run: str | None = None) -> None:
        """Close one run's file, or all and wait for that; not for a disk that hangs, which `left` says then."""
        self._do(partial(super().close, run))
        if run is None and not self._aside.end(FAREWELL):
            self.left = f"The disk does not answer: what was measured last may not be recorded ({self.root})."

    def catch_up(self) -> None:
        self._aside.catch_up(ANSWER)

    def _do(self, call: Callable[[], object]) -> None:
        def guarded() -> None:
            try:
                call()
            except Exception as error:  # else the thread would end, and nothing be recorded or said any more
                self._give_up(error)

        self._aside.do(guarded)
