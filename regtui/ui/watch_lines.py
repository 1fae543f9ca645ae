"""What the watch screen says in words: who writes, where the cursor stands, what is on record of the marked arm."""

from __future__ import annotations

from regtui.compare.query import shown as value_text
from regtui.export.settings import differing, flat
from regtui.store import RunHistory
from regtui.store.following import Condition
from regtui.ui.charts import Charset
from regtui.ui.panes.claims import claim_lines
from regtui.ui.text import (
    BAD,
    EMPTY,
    FAINT,
    GOOD,
    MUTED,
    OPEN,
    Fragment,
    Line,
    duration,
    flowed,
    left,
    line,
    right,
    spread,
    width,
    wrapped,
)  # fmt: skip
from regtui.ui.view import View
from regtui.watching import Watch

STATE_STYLES = {"finished": GOOD, "running": GOOD, "paused": OPEN, "stopped": OPEN, "diverged": BAD, "failed": BAD,
                "lost": BAD, "waiting": FAINT}  # fmt: skip


def head_line(watch: Watch, condition: Condition, room: int) -> Line:
    """Where we are, and whether anyone writes."""
    scenario = watch.session.scenario
    section = scenario.id.rpartition("/")[0]
    parts = line(("regtui", "bold $primary"), ("  stored  ", MUTED), (f"{section} › " if section else "", MUTED),
                 (scenario.title, "bold"))  # fmt: skip
    short = line(("stored  ", MUTED), (scenario.title, "bold"))
    told = state_line(condition)
    return spread(parts if width(parts) + width(told) < room else short, told, room)


def state_line(condition: Condition) -> Line:
    """live, silent, crashed or the end, and since when."""
    match condition.pulse:
        case "live":
            return line(("● live", GOOD), (f"  last word {condition.silence:.0f} s ago", MUTED))
        case "silent":
            return line((f"● {condition.sentence}", OPEN))
        case "crashed":
            return line((f"✘ crashed: {condition.sentence}", BAD))
        case _:
            return line(("■ ended", MUTED))


def bar_line(watch: Watch, room: int, *, charset: Charset = "braille") -> Line:
    """The training from its beginning to its planned end, as far as it is recorded, with the cursor on it."""
    after = f" epoch {watch.now:.4g} of {watch.planned:g}"
    after = left(after, max(len(f" epoch {watch.planned:g}.25 of {watch.planned:g}"), 20))
    cells = max(room - len(after) - 2, 10)
    planned = max(watch.planned, watch.end, 1e-9)
    at, end = (min(round(x / planned * (cells - 1)), cells - 1) for x in (watch.now, watch.end))
    steered = {
        min(round(marker.step / run.steps_per_epoch / planned * (cells - 1)), cells - 1)
        for run in watch.histories for marker in run.markers if marker.kind == "set"
    }  # fmt: skip
    parts: list[Fragment] = [("├", FAINT)]
    for cell in range(cells):
        if cell == at:
            parts.append(("●", "bold $primary"))
        elif cell in steered:
            parts.append(("╎", OPEN))
        elif cell < at:
            parts.append(("━", "$foreground"))
        else:
            parts.append(("─" if cell <= end else "┈", MUTED if cell <= end else FAINT))
    parts += [("┤", FAINT), (after, "bold" if watch.position is None else "$primary")]
    if charset == "ascii":
        parts = [(_ASCII.get(text, text), style) for text, style in parts]
    return _merged(parts)


_ASCII = {"├": "|", "┤": "|", "●": "o", "━": "=", "─": "-", "┈": ".", "╎": ":"}


def cell_to_epoch(watch: Watch, x: int, room: int) -> float:
    """The epoch at a cell of the bar, for the mouse."""
    after = max(len(f" epoch {watch.planned:g}.25 of {watch.planned:g}"), 20)
    cells = max(room - after - 2, 10)
    return max(watch.planned, watch.end) * min(max(x - 1, 0), cells - 1) / max(cells - 1, 1)


def record_lines(view: View, room: int) -> list[Line]:
    """The marked arm: its runs with their states, what was steered, how it differs from the others."""
    runs = view.session.of_arm(view.selected.name)
    rows: list[Line] = []
    for seed, run in runs.items():
        rows.append(_run_line(seed, run, room))
        if run.trouble:
            rows += wrapped(run.trouble, room, BAD, line(("   ", "")))
    for run in runs.values():
        for marker in run.markers:
            if marker.kind == "set":
                value = value_text(marker.value)
                rows += wrapped(f"step {marker.step}: {marker.key} = {value}", room, OPEN, line(("~  ", OPEN)))
            elif marker.kind == "note":
                rows += wrapped(f"step {marker.step}: {marker.text}", room, MUTED, line(("·  ", MUTED)))
    if any(run.is_steered for run in runs.values()):
        rows += wrapped("Steered: in no verdict and in no pair.", room, MUTED, line(("   ", "")))
    started = next((run.started for run in runs.values() if run.started is not None), None)
    if started is not None:
        took = duration(max(run.seconds for run in runs.values()))
        took = f"{took} a run at most" if len(runs) > 1 else f"took {took}"
        facts = [started.device_label, started.precision, f"{started.parameters:,} parameters", took]
        if started.cut_texts:
            facts.append(f"{started.cut_texts:,} training texts cut")
        rows += [EMPTY, *flowed((line((fact, MUTED)) for fact in facts), room)]
    settings = {arm.name: flat(arm) for arm in view.session.arms}
    own = settings[view.selected.name]
    for key in differing(settings.values()):
        if key in own:
            value = right(value_text(own[key]), min(12, room - 8))
            rows.append(line((left(key, max(room - 12, 8)), MUTED), (value, "")))
    verdicts = view.session.verdicts()
    return [*rows, EMPTY, *claim_lines(verdicts, room)] if verdicts else rows


def _run_line(seed: int, run: RunHistory, room: int) -> Line:
    state = line((run.state, STATE_STYLES.get(run.state, "")))
    return spread(line((f"seed {seed} ", ""), (run.run, FAINT)), state, room)


def _merged(parts: list[Fragment]) -> Line:
    """Neighbours of one style in one fragment."""
    merged: list[Fragment] = []
    for text, style in parts:
        if merged and merged[-1][1] == style:
            merged[-1] = (merged[-1][0] + text, style)
        else:
            merged.append((text, style))
    return tuple(merged)
