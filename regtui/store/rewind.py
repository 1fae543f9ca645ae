"""What counts of a record after the run went on from a checkpoint: steps that were done twice are told twice.

The record is append-only, so a run that was interrupted at step 90 and goes on from its checkpoint of step 70 has the
steps 71 to 90 in it two times. Its second `Started` says where it goes on; what lies beyond is taken back.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from regtui.events import TERMINAL_EVENTS, AnyRunEvent, Checkpoint, Started


def what_counts(record: Iterable[AnyRunEvent]) -> list[AnyRunEvent]:
    """The record without what was taken back: as if the run had never been interrupted, but for its `Started`."""
    kept: list[AnyRunEvent] = []
    for event in record:
        if isinstance(event, Started) and kept:
            kept = _up_to(kept, event.start_step)
        kept.append(event)
    return kept


def _up_to(record: Sequence[AnyRunEvent], step: int) -> list[AnyRunEvent]:
    if step == 0:
        return []
    # What came after the checkpoint at that same step, steering say, is not in it.
    saved = [i for i, event in enumerate(record) if isinstance(event, Checkpoint) and event.step == step]
    before = record[: saved[-1] + 1] if saved else record
    return [
        event for event in before
        if isinstance(event, Started) or (not isinstance(event, TERMINAL_EVENTS) and event.step <= step)
    ]  # fmt: skip
