"""What the screen of a sweep says in text: where it is, what came out, and its trials."""

from __future__ import annotations

import re

from regtui.own import is_own
from regtui.spec import Scalar
from regtui.sweep.following import Following
from regtui.sweep.record import Trial
from regtui.ui.palette import ArmLook
from regtui.ui.text import BAD, FAINT, GOOD, MUTED, OPEN, STRONG, Line, cut, fitted, left, line, right, spread

STATES = {"running": MUTED, "complete": "", "pruned": FAINT, "failed": BAD, "interrupted": FAINT}
_PLAIN = re.compile(r"-?\d*\.?\d*")
SHOWN = 100
"""Rows at most."""


def head_line(sweep: Following, room: int) -> Line:
    """What is searched, and how far it is."""
    plan = sweep.plan
    where = line(("regtui", "bold $primary"), (" › ", FAINT), "sweep", (f" {plan.id}", MUTED), (" › ", FAINT),
                 (f"{plan.scenario.rpartition('/')[2]}: {plan.arm.name}", STRONG))  # fmt: skip
    return spread(where, progress(sweep), room)


def progress(sweep: Following) -> Line:
    """12/50 trials  2 under way  searching"""
    count = f"{len(sweep.ended)}/{sweep.wanted} trials"
    under_way = f"  {len(sweep.running)} under way" if sweep.running else ""
    if sweep.standing.phase == "done":
        state = ("  done", GOOD)
    elif not sweep.is_alive:
        state = ("  stopped", OPEN)
    else:
        state = ("  searching" if sweep.standing.phase == "search" else "  comparing the winner", "$primary")
    return line(count, (under_way, MUTED), state)


def outcome_line(sweep: Following) -> Line:
    """What the one look at the test split said, or what will happen next."""
    told = sweep.told
    if told is not None and told.gain is not None:
        bounds = f" [{told.gain_ci95[0]:.1f}, {told.gain_ci95[1]:.1f}]" if told.gain_ci95 else ""
        beside = "o opens it; winner.toml and winner-script" if told.script else "o opens it; winner.toml"
        verb = "tests" if told.part == "test" else "validates"
        return line(f"The winner {verb} ", (f"{told.gain:+.1f}{bounds}", STRONG), f" points against {told.arm}.",
                    (f"  {beside} in {sweep.folder}", FAINT))  # fmt: skip
    if sweep.standing.phase != "done" and not sweep.is_alive:
        return line(("Nobody works on this sweep; the command that began it goes on with it.", OPEN))
    if is_own(sweep.plan.arm.data.name):
        return line(("Chosen on the validation split; the test part stays sealed until somebody says --reveal.", MUTED))
    return line(("Chosen on the validation split; the test split is looked at once, at the end.", MUTED))


def trial_lines(sweep: Following, room: int, *, dark: bool) -> list[Line]:
    """A table: the head, then a row a trial, the best ones first."""
    keys = [dimension.key for dimension in sweep.plan.space]
    ranked = sweep.ranked()[:SHOWN]
    names = [short_name(key, keys) for key in keys]
    shown = {key: on_the_point([_value(trial.params.get(key)) for trial in ranked]) for key in keys}
    widths = [max([len(name), *map(len, shown[key])]) for name, key in zip(names, keys, strict=True)]
    head = [(right("trial", 6), MUTED), ("  ", ""), (left("state", 11), MUTED), (right("validation %", 13), MUTED)]
    head += [(f"  {right(name, width)}", MUTED) for name, width in zip(names, widths, strict=True)]
    rows = [fitted(tuple(head), room)]
    best = sweep.best
    for i, trial in enumerate(ranked):
        style = STATES[trial.state]
        sign = ("★", ArmLook(1).color(dark)) if trial is best else (" ", "")
        state = (
            f"{100 * trial.point // max(sweep.plan.arm.train.evaluations, 1)} % done"
            if trial.state == "running"
            else ""
        )
        cells = [sign, (right(str(trial.number), 5), style), ("  ", ""), (left(state or trial.state, 11), style),
                 (right(_accuracy(trial), 13), STRONG if trial is best else style)]  # fmt: skip
        cells += [(f"  {right(shown[key][i], width)}", style) for key, width in zip(keys, widths, strict=True)]
        rows.append(fitted(tuple(cells), room))
    return rows


def short_name(key: str, keys: list[str]) -> str:
    """The last part of a key where it is the only one of that name: p for dropout.p; else the key."""
    last = key.rpartition(".")[2]
    alone = sum(other.rpartition(".")[2] == last for other in keys) == 1
    return cut(key if not alone or len(last) < 3 else last, 24)


def on_the_point(texts: list[str]) -> list[str]:
    """Numbers of one column, with blanks behind them that put their points below each other; others as they are."""
    if not all(_PLAIN.fullmatch(text) for text in texts):
        return texts
    tails = [len(text) - len(text.partition(".")[0]) for text in texts]
    return [text + " " * (max(tails) - tail) for text, tail in zip(texts, tails, strict=True)]


def _accuracy(trial: Trial) -> str:
    return "" if trial.validation is None else f"{trial.validation:.1f}"


def _value(value: Scalar | None) -> str:
    if value is None:
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(value)
