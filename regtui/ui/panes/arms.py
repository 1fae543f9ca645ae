"""The arms beside each other: what was measured, and what the lesson says."""

from __future__ import annotations

from textual import events

from regtui.scenario import Arm
from regtui.store import RunHistory
from regtui.ui.keys import bindings
from regtui.ui.messages import ArmDropped, ArmSelected, ArmStepped
from regtui.ui.panes.pane import Pane
from regtui.ui.standing import STEERED, Standing, standing
from regtui.ui.text import BAD, FAINT, GOOD, MUTED, OPEN, Fragment, Line, decimals, left, line, marked, right
from regtui.ui.view import View
from regtui.ui.widgets.lines import Lines

FILL = "▁▂▃▄▅▆▇█"
"""How far a run is, in one cell."""

SHORTEST_NAME = 10
"""Cells of a name below which the lesson's figures go."""


def arms_lines(view: View, room: int, *, focused: bool = False) -> list[Line]:
    """A heading and a row an arm, columns aligned on the decimal point."""
    seeds = len(view.session.seeds) > 1
    texts = [gap_text(stands) for arm in view.session.arms if (stands := standing(view.session.of_arm(arm.name)))]
    gap = max([4, *map(len, texts)]) + 1  # a cell more is a cell less for the names
    name = room - (4 + 10 + gap + (5 if seeds else 0))
    lesson = name - 7 >= SHORTEST_NAME and any(arm.lesson for arm in view.session.arms)
    name -= 7 if lesson else 0
    part = "val" if view.session.held_out == "validation" else "test"
    heading = "    " + left("", name) + right(f"train/{part}", 10) + right("gap", gap)
    heading += (right("±", 5) if seeds else "") + (right("lesson", 7) if lesson else "")
    rows: list[Line] = [line((heading, FAINT))]
    for arm in view.session.arms:
        row = _row(view, arm, name, gap, seeds=seeds, lesson=lesson)
        if arm.name == view.selected.name:
            row = marked(row, room, focused=focused)
        rows.append(row)
    return rows


def _row(view: View, arm: Arm, name: int, gap: int, *, seeds: bool, lesson: bool) -> Line:
    runs = view.session.of_arm(arm.name)
    strong = "bold" if arm.name == view.selected.name else ""
    parts: list[Fragment] = [
        (f"{view.sign(arm.name)} ", view.color(arm.name)), state_cell(runs), (" ", ""), (left(arm.name, name), strong),
    ]  # fmt: skip
    stands = standing(runs)
    if stands is None:
        sentence = _sentence(list(runs.values()))
        parts.append((right(sentence[0], 10 + gap + (5 if seeds else 0)), sentence[1]))
    else:
        parts += _figures(stands, strong, gap, seeds=seeds)
    if lesson:
        said = f"{arm.lesson.train:.0f}/{arm.lesson.test:.0f}" if arm.lesson else ""
        parts.append((right(said, 7), MUTED))
    return line(*parts)


def gap_text(stands: Standing) -> str:
    """Points; ~ before those of a steered run."""
    gap = f"{stands.gap:.1f}" if stands.gap is not None else "–"
    return f"{STEERED}{gap}" if stands.is_steered else gap


def _figures(stands: Standing, strong: str, gap: int, *, seeds: bool) -> list[Fragment]:
    test = decimals(stands.test) if stands.test is not None else "–"
    parts: list[Fragment] = [(right(decimals(stands.train), 5) + "/" + right(test, 4), "")]
    parts.append((right(gap_text(stands), gap), strong))
    if seeds:
        parts.append((right(f"{stands.half_width:.1f}" if stands.half_width is not None else "–", 5), MUTED))
    return parts


def state_cell(runs: dict[int, RunHistory]) -> Fragment:
    """One cell: waiting, how far, paused, done, or what went wrong; over seeds the liveliest one counts."""
    states = [run.state for run in runs.values()]
    if not states:
        return " ", ""
    for run in runs.values():
        if run.state in ("running", "paused"):
            fill = FILL[min(int(8 * run.step / max(run.total_steps, 1)), 7)]
            return fill, OPEN if run.state == "paused" else GOOD
    if "waiting" in states:
        return "·", MUTED
    if any(state in ("diverged", "failed", "lost") for state in states):
        return "!", f"bold {BAD}"
    return ("■", FAINT) if "stopped" in states else ("✔", GOOD)


def _sentence(runs: list[RunHistory]) -> tuple[str, str]:
    """What stands in the place of figures while there are none."""
    bad = next((run for run in runs if run.state in ("diverged", "failed", "lost")), None)
    if bad is not None and not any(run.is_live for run in runs):
        return {"diverged": "diverged", "failed": "failed", "lost": "worker lost"}[bad.state], BAD
    run = next((run for run in runs if run.is_live), None)
    if run is None:
        return ("stopped" if runs else ""), FAINT
    if run.state == "waiting":
        return "waiting", FAINT
    return f"running {100 * run.step // max(run.total_steps, 1)} %", MUTED


class ArmRows(Lines, can_focus=True):
    """The table, with the selected arm as its cursor."""

    BINDINGS = bindings("arms")

    def __init__(self, view: View) -> None:
        super().__init__(id="arm-rows")
        self._view = view

    def show_view(self) -> None:
        """Follow the view."""
        self.show(arms_lines(self._view, self.room, focused=self.has_focus))
        names = [arm.name for arm in self._view.session.arms]
        self.scroll_to(y=max(0, names.index(self._view.selected.name) + 2 - self.size.height), animate=False)

    def on_resize(self) -> None:
        self.show_view()

    def on_focus(self) -> None:
        self.show_view()

    def on_blur(self) -> None:
        self.show_view()

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        row = self.row_at(offset.y) - 1 if offset is not None else -1
        if 0 <= row < len(self._view.session.arms):
            self.post_message(ArmSelected(self._view.session.arms[row].name))

    def action_choose(self, by: int) -> None:
        """Select the arm above or below."""
        self.post_message(ArmStepped(by))

    def action_drop(self) -> None:
        """Ask for the selected arm to go."""
        self.post_message(ArmDropped(self._view.selected.name))


class ArmsPane(Pane):
    """Select an arm: the stack pane and the BatchNorm chart show it."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._rows = ArmRows(view)
        super().__init__([self._rows], id="arms")

    def show_view(self) -> None:
        """Follow the view."""
        seeds, most = len(self._view.session.seeds), self._view.session.scenario.seeds
        self.set_title(line(("Arms", "bold"), (f"  seed {seeds} of {most}" if seeds else "", MUTED)))
        self._rows.show_view()
