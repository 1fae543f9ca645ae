"""The claims as rows: what the runs say of each, and whether the user saw it coming."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len

from regtui.claims import Verdict, figure
from regtui.predictions import Predictions, judge_claim, tally
from regtui.session import Session
from regtui.ui.text import BAD, FAINT, GOOD, MUTED, OPEN, Fragment, Line, broken, left, line, right, wrapped

READABLE = 38
"""Cells of a claim's sentence that no column may take."""

MARK = 12
"""Cells of the verdict."""

_GLUE = "\u00a0"
"""A space at which no row is broken."""

_MARKS = {"confirmed": ("✔ confirmed", GOOD), "refuted": ("✘ refuted", BAD), "not shown": ("… not shown", OPEN)}
_JUDGED = {"right": (" ✔", GOOD), "wrong": (" ✘", BAD)}


def claim_lines(verdicts: Sequence[Verdict], room: int, predictions: Predictions | None = None) -> list[Line]:
    """A claim: verdict, sentence, what the user said of it, effect, interval, seeds.

    Columns are as wide as what is in them. Where it is too narrow for all, seeds go first, then the interval becomes
    ± half of it, then what the user said follows the sentence and ± stands below the effect. A sentence that is still
    too long goes on in the next row: one that is cut says nothing, and an effect without its interval too much.
    """
    texts = [verdict.claim.text for verdict in verdicts]
    said = [_said(i, verdict, predictions or Predictions()) for i, verdict in enumerate(verdicts)]
    figures, bounds, halves, seeds = (
        [(read(verdict), style) for verdict in verdicts]
        for read, style in ((_figure, "bold"), (_bounds, MUTED), (_half, MUTED), (_seeds, FAINT))
    )
    longest = max(map(cell_len, texts), default=0)
    choices = ([said, figures, bounds, seeds], [said, figures, bounds], [said, figures, halves])
    below: list[str] = [""] * len(verdicts)
    for columns in choices:
        free = room - MARK - sum(map(_width, columns))
        if free >= min(longest, READABLE):
            break
    else:
        columns = [[_wider(figure, half) for figure, half in zip(figures, halves, strict=True)]]
        free, below = room - MARK - _width(columns[0]), [half for half, _ in halves]
        glued = [cell.replace(" ", _GLUE) for cell, _ in said]
        texts = [f"{text} ({cell})" if cell else text for text, cell in zip(texts, glued, strict=True)]
    sentence = max(min(max(map(cell_len, texts), default=0), free), 8)
    rows: list[Line] = []
    for i, verdict in enumerate(verdicts):
        mark, style = _MARKS[verdict.outcome] if verdict.effect else ("· open", FAINT)
        cells = [_cell(column, i, to_left=column is said) for column in columns]
        text_style = "" if verdict.effect else MUTED
        first, *rest = [row.replace(_GLUE, " ") for row in broken(texts[i], sentence)] or [""]
        rows.append(line((left(mark, MARK), style), (left(first, sentence), text_style), *cells))
        if below[i]:
            second = left(rest[0] if rest else "", sentence)
            rows.append(line(" " * MARK, (second, text_style), (right(below[i], _width(columns[0])), MUTED)))
            rest = rest[1:]
        rows += [line(" " * MARK, (more, text_style)) for more in rest]
        if verdict.remark:
            rows += [line(" " * MARK, (more, MUTED)) for more in broken(verdict.remark, max(room - MARK, 8))]
    return rows


def prediction_lines(session: Session, room: int) -> list[Line]:
    """What the user said of the best arm, and what the runs say of it and of all answers; before them how many."""
    said, answered = session.predictions.best, len(session.predictions.claims)
    if not session.predictions:
        return []
    if not session.current:
        best = f"You said {said} is best" if said else "You skipped the best arm"
        claims = f"; {answered} of {len(session.scenario.claims)} claims answered." if answered else "."
        return wrapped(best + claims, room)
    counts = tally(session.predictions, session.verdicts())
    is_decided = counts["right"] + counts["wrong"] > 0
    told = ", ".join(f"{count} {judged}" for judged, count in counts.items() if count)
    summed = wrapped(f"Your answers to the claims: {told}.", room, MUTED) if is_decided else []
    return [*_best_line(session, said, room), *summed] if said is not None else summed


def _best_line(session: Session, said: str, room: int) -> list[Line]:
    """The arm that was said to be best, and by how much which one leads."""
    lead = session.lead()
    if lead is None:
        return wrapped(f"You said {said} is best.", room, MUTED)
    by = f"by {lead.by.mean:.1f} points"
    by += f" [{lead.by.low:.1f}, {lead.by.high:.1f}]" if lead.by.count > 1 else " (one seed)"
    judgement = lead.judge(said)
    mark, style = _JUDGED.get(judgement, ("", ""))
    if judgement == "open" and lead.by.count > 1:
        ahead = f"too close to call: {lead.best} leads {lead.rival} {by}."
    else:
        ahead = f"it leads {lead.rival} {by}." if said == lead.best else f"{lead.best} leads {by}."
    rows = wrapped(f"You said {said}{mark}; {ahead}", room)
    return [line(*_with_mark(rows[0], mark.strip(), style)), *rows[1:]] if mark else rows


def _with_mark(row: Line, mark: str, style: str) -> list[Fragment]:
    """The row with its mark in a colour of its own."""
    (text, own), *others = row
    before, found, after = text.partition(mark)
    return [(before, own), (found, style), (after, own), *others]


def _said(place: int, verdict: Verdict, predictions: Predictions) -> Fragment:
    """you yes, you no: what was said while the verdict is open; you ✔, you ✘: whether that was right."""
    if place not in predictions.claims:
        return "", ""
    holds = predictions.claims[place]
    judgement = judge_claim(holds, verdict)
    if judgement == "open":
        return f"you {'yes' if holds else 'no'}", MUTED
    mark, style = _JUDGED[judgement]
    return f"you{mark}", style


def _cell(column: Sequence[Fragment], row: int, *, to_left: bool) -> Fragment:
    """A cell in the width of its column: words begin below each other, figures end there."""
    (text, style), width = column[row], _width(column)
    return ("  " + left(text, width - 2) if to_left and width else right(text, width)), style


def _width(column: Sequence[Fragment]) -> int:
    width = max((cell_len(cell) for cell, _ in column), default=0)
    return width + 2 if width else 0


def _wider(cell: Fragment, other: Fragment) -> Fragment:
    """The cell, as wide as another one that stands below it."""
    return right(cell[0], max(cell_len(cell[0]), cell_len(other[0]))), cell[1]


def _figure(verdict: Verdict) -> str:
    return figure(verdict.effect.mean, verdict.claim.check.metric, signed=True) if verdict.effect else ""


def _bounds(verdict: Verdict) -> str:
    effect, metric = verdict.effect, verdict.claim.check.metric
    return f"[{figure(effect.low, metric)}, {figure(effect.high, metric)}]" if effect and effect.count > 1 else ""


def _half(verdict: Verdict) -> str:
    effect, metric = verdict.effect, verdict.claim.check.metric
    return f"±{figure((effect.high - effect.low) / 2, metric)}" if effect and effect.count > 1 else ""


def _seeds(verdict: Verdict) -> str:
    if verdict.effect is None:
        return ""
    count = verdict.effect.count
    if count == 1:
        return "one seed"
    if verdict.is_level:
        return "all level"
    if verdict.outcome == "not shown":
        return f"needs ~{verdict.seeds_needed}" if verdict.seeds_needed else "needs > 200"
    return ""
