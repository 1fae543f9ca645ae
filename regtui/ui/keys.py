"""The one table of keys: bindings, footer, help screen and command palette are all made from it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from textual.binding import Binding, BindingType

Place = Literal[
    "app", "stack", "arms", "charts", "question", "page", "augment", "modes", "truth", "subnetworks",
    "compare", "filter", "watch", "sweep",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Key:
    """A key, what it does, and how the screens speak of it."""

    keys: str
    """As Textual names them, separated by commas; the first one is shown."""
    action: str
    label: str
    """In the footer, a word or two."""
    help: str
    """A sentence for the help screen and the palette."""
    footer: int = 0
    """Smaller comes first and stays longest when the footer gets narrow; 0: not in the footer."""
    place: Place = "app"
    """Where it works: everywhere, while a pane has the focus, in a question, on the lesson's page, or in
    one of the looks at augmentation, modes, BatchNorm, sub-networks or stored runs."""
    before_runs: bool = False
    """In the footer only while nothing has been run yet."""

    @property
    def shown(self) -> str:
        """The key as people write it."""
        names = {"question_mark": "?", "left_square_bracket": "[", "right_square_bracket": "]", "plus": "+",
                 "minus": "-", "up": "↑", "down": "↓", "left": "←", "right": "→", "slash": "/",
                 "dollar_sign": "$"}  # fmt: skip
        found = self.keys.split(",")
        # What terminals call shift and a letter is the capital letter, which is named as well.
        twice = {f"shift+{name.lower()}" for name in found if len(name) == 1 and name.isupper()}
        parts = [part.replace("ctrl+", "^") for part in found if part not in twice]
        return " ".join(names.get(part, part) for part in parts)

    @property
    def short(self) -> str:
        """Only the first key, for the footer."""
        return self.shown.split(" ")[0]


KEYS: tuple[Key, ...] = (
    Key("space", "run_or_pause", "run/pause", "Run what is missing; while it runs, pause or go on.", 1),
    Key("s", "step", "step", "One training step, then hold; with nothing running, start held at the first step.", 4),
    Key("x", "stop", "stop", "Stop all runs; what was measured stays.", 5),
    Key("f", "finish", "finish", "Finish runs that were interrupted, each from its last checkpoint on."),
    Key("m", "more_seeds", "more seeds", "One more paired seed for every arm: intervals get narrower.", 6),
    Key("M,shift+m", "all_seeds", "all seeds", "All paired seeds of the scenario at once: verdicts with intervals."),
    Key("r", "reset", "reset", "Stop, and forget all runs and your own arms.", 15),
    Key("R,shift+r", "reveal", "reveal", "Data of your own: measure the test part of every finished run, for the "
        "record."),
    Key("n", "next_scenario", "next", "The next scenario of the lesson.", 7),
    Key("p", "previous_scenario", "previous", "The scenario before this one.", 11),
    Key("o", "open_scenario", "open", "Choose a scenario from the list.", 8),
    Key("g", "predict", "predict", "Before the first run: say what you expect; then see whether you were right.", 3,
        before_runs=True),
    Key("z", "quiz", "quiz", "The questions of this scenario; in the review those of all of them.", 9),
    Key("h", "lesson", "lesson", "The lesson: goals, what to know before, the way through it and where you are.", 10),
    Key("l", "pick_layer(1)", "layer", "Pick the next layer: its norm in the BatchNorm chart, its course over the "
        "epochs in the chart of the inside; after the last one all layers again.", 12),
    Key("L,shift+l", "pick_layer(-1)", "layer before", "Pick the layer before this one."),
    Key("v", "statistic", "mean|var", "Mean or variance in the BatchNorm chart.", 13),
    Key("i", "inside", "inside", "The next look inside the network: a study of the scenario, activations, dead units, "
        "gradients, weights, drift, histogram.", 14),
    Key("a", "augment", "augment", "Augmentation made visible: samples, and what the selected arm makes of them.",
        10),
    Key("t", "modes", "train|eval", "One batch through the selected arm's present weights in train and in eval mode.",
        14),
    Key("T,shift+t", "training_mode", "train mode", "Have the selected arm's run train on in eval(), Dropout off and "
        "BatchNorm frozen, or in train() again; a mark in the charts, no part in the verdicts."),
    Key("b", "norm_truth", "BN truth", "BatchNorm laid open: running, batch and whole-set statistics, channel by "
        "channel, and what recalibrating them does to the held-out accuracy."),
    Key("u", "subnetworks", "sub-networks", "Sub-networks that Dropout leaves of the present weights: each one's "
        "accuracy, their spread, their vote."),
    Key("c", "compare", "compare", "Stored runs beside each other: curves, paired differences, what differs.", 14),
    Key("w", "stored_runs", "watch", "Stored runs: scrub through them, or follow what another process writes.", 14),
    Key("S,shift+s", "sweep", "sweep", "Search around the selected arm; the sweep that was begun here, while it runs.",
        14),
    Key("G,shift+g", "ghost", "ghost", "The previous run of the selected arm, dotted behind its curve, or not."),
    Key("1", "screen.show(1)", "accuracy", "Only accuracy and gap, large; again for all charts."),
    Key("2", "screen.show(2)", "loss", "Only the loss, large; again for all charts."),
    Key("3", "screen.show(3)", "norms", "Only the BatchNorm statistics, large; again for all charts."),
    Key("4", "screen.show(4)", "inside", "Only the inside of the network, large; again for all charts."),
    Key("5", "screen.show(5)", "lesson", "Only the lesson, large; again for all charts."),
    Key("escape", "screen.show_all_charts", "all charts",
        "From one large chart back to all of them, as a click on its title; else from a picked layer to all layers."),
    Key("d", "dark", "dark/light", "Switch between the dark and the light theme, on every screen.", 17),
    Key("e", "save_picture", "picture", "Save what is on the screen as an SVG in the current directory.", 16),
    Key("E,shift+e", "export", "export", "Write recorded runs into the current directory: an HTML report, a PyTorch "
        "script, CSV, JSON or TensorBoard."),
    Key("y", "copy_run", "copy", "Copy the selected arm to the clipboard as one line for the shell, `regtui run ...`."),
    Key("ctrl+p", "command_palette", "all", "Every action, searchable; on every screen other themes.", 2),
    Key("question_mark", "help", "help", "Keys; what each chart, number and word means; a row of the stack.", 2),
    Key("q,ctrl+q,ctrl+c", "quit", "quit", "Quit; the workers stop at once.", 18),
    Key("tab,shift+tab", "", "panes", "The next or the previous pane."),
    Key("up,k", "choose(-1)", "up", "The row above.", place="stack"),
    Key("down,j", "choose(1)", "down", "The row below.", place="stack"),
    Key("enter", "use", "on/off", "Switch a regularizer, open a line, or keep a typed number.", place="stack"),
    Key("left,minus", "nudge(-1)", "less", "A smaller value.", place="stack"),
    Key("right,plus", "nudge(1)", "more", "A larger value.", place="stack"),
    Key("0-9 .", "", "type", "Type a value for the selected row; enter keeps it, escape does not.", place="stack"),
    Key("left_square_bracket,shift+up", "reorder(-1)", "earlier", "Move a layer up in the stack.", place="stack"),
    Key("right_square_bracket,shift+down", "reorder(1)", "later", "Move a layer down in the stack.", place="stack"),
    Key("up,k", "choose(-1)", "up", "Select the arm above: stack, gap and BatchNorm show it.", place="arms"),
    Key("down,j", "choose(1)", "down", "Select the arm below.", place="arms"),
    Key("enter", "app.focus('stack-rows')", "settings", "To the settings of the selected arm.", place="arms"),
    Key("delete,backspace", "drop", "drop", "Drop an arm of your own.", place="arms"),
    Key("enter", "enlarge", "large", "This chart alone, large; again for all of them.", place="charts"),
    Key("up,k", "choose(-1)", "up", "The answer above; once answered, scroll.", place="question"),
    Key("down,j", "choose(1)", "down", "The answer below.", place="question"),
    Key("enter,space", "pick", "answer", "Take the marked answer; once answered, the next question.", place="question"),
    Key("1-9", "", "answer", "Take the answer of that number; 0 skips a prediction.", place="question"),
    Key("left,backspace", "screen.back", "back", "The prediction before this one.", place="question"),
    Key("o", "screen.open", "open", "In a quiz of many scenarios: open the one of this question.", place="question"),
    Key("1-3", "", "experiment", "Open a scenario that answers that question for reflection.", place="page"),
    Key("space,enter", "again", "other draws", "The same samples with other random draws.", place="augment"),
    Key("left,minus", "nudge(-1)", "less", "A smaller value, with the same draws.", place="augment"),
    Key("right,plus", "nudge(1)", "more", "A larger value, with the same draws.", place="augment"),
    Key("up,k", "choose(-1)", "up", "The number before this one.", place="augment"),
    Key("down,j,tab", "choose(1)", "down", "The next number to change.", place="augment"),
    Key("question_mark", "app.help", "help", "What is shown, and all keys.", place="augment"),
    Key("e", "app.save_picture", "picture", "Save the screen as an SVG.", place="augment"),
    Key("space,enter", "again", "again", "The weights as they are now, with other Dropout masks.", place="modes"),
    Key("T,shift+t", "app.training_mode", "train mode", "Have the run train on in the other mode.", place="modes"),
    Key("question_mark", "app.help", "help", "What is shown, and all keys.", place="modes"),
    Key("e", "app.save_picture", "picture", "Save the screen as an SVG.", place="modes"),
    Key("space,enter", "again", "again", "The weights as they are now, with another training batch.", place="truth"),
    Key("c", "recalibrate", "recalibrate", "Measure the running statistics anew on clean training samples, on a copy, "
        "and show the test accuracy before and after.", place="truth"),
    Key("l,right", "choose(1)", "next layer", "The channels of the next layer.", place="truth"),
    Key("L,shift+l,left", "choose(-1)", "layer before", "The channels of the layer before.", place="truth"),
    Key("question_mark", "app.help", "help", "What is shown, and all keys.", place="truth"),
    Key("e", "app.save_picture", "picture", "Save the screen as an SVG.", place="truth"),
    Key("space,enter", "again", "again", "The weights as they are now, with other masks.", place="subnetworks"),
    Key("question_mark", "app.help", "help", "What is shown, and all keys.", place="subnetworks"),
    Key("e", "app.save_picture", "picture", "Save the screen as an SVG.", place="subnetworks"),
    Key("up,k", "screen.choose(-1)", "up", "The arm above.", place="compare"),
    Key("down,j", "screen.choose(1)", "down", "The arm below.", place="compare"),
    Key("space,enter", "screen.pick", "pick", "Draw the marked arm, or no longer.", 1, place="compare"),
    Key("slash,f", "screen.filter", "filter", "Type what is shown: arm=dropout lr<=2e-3 seed=0; tab completes.", 2,
        place="compare"),
    Key("a", "screen.pick_all", "all", "Draw everything that is shown, or nothing.", 9, place="compare"),
    Key("m", "screen.metric(1)", "metric", "The next metric: accuracy, gap, loss, training batches.", 3,
        place="compare"),
    Key("M,shift+m", "screen.metric(-1)", "metric", "The metric before this one.", place="compare"),
    Key("x", "screen.axis", "axis", "Over epochs, steps or seconds of training.", 4, place="compare"),
    Key("s", "screen.smooth", "smooth", "More smoothing, and after the most none; what was measured stays behind.", 5,
        place="compare"),
    Key("y", "screen.y_axis", "range", "The y axis of the second half of the training, of all of it, or logarithmic.",
        6, place="compare"),
    Key("left", "screen.move(-1)", "cursor", "Read the curves at the measured point before.", 7, place="compare"),
    Key("right", "screen.move(1)", "cursor", "Read the curves at the next measured point.", place="compare"),
    Key("shift+left,H", "screen.move(-10)", "cursor", "Ten points to the left.", place="compare"),
    Key("shift+right,L", "screen.move(10)", "cursor", "Ten points to the right.", place="compare"),
    Key("b", "screen.refer", "base", "Pair all others of its scenario with the marked arm.", 8, place="compare"),
    Key("v", "screen.settings", "tables", "The arms alone; on a narrow screen the settings that differ instead.", 6,
        place="compare"),
    Key("r", "screen.reload", "reload", "Look for new runs.", place="compare"),
    Key("e", "app.save_picture", "picture", "Save the screen as an SVG.", place="compare"),
    Key("question_mark", "app.help", "help", "What is shown, and all keys.", 2, place="compare"),
    Key("escape,c,q", "screen.dismiss", "close", "Back to the explorer.", 3, place="compare"),
    Key("l", "screen.setting(1)", "setting", "Slices through the next setting, where not all fit.", 4, place="sweep"),
    Key("L,shift+l", "screen.setting(-1)", "setting", "Slices through the setting before.", place="sweep"),
    Key("p", "screen.paths", "all settings", "Every trial as a path through its values, or slices again.",
        4, place="sweep"),
    Key("x", "screen.stop", "stop", "Stop the sweep; the same search goes on with it later.", 1, place="sweep"),
    Key("o", "screen.open_winner", "open winner", "The winner beside the unswept arm as a scenario, once there is one.",
        5, place="sweep"),
    Key("e", "app.save_picture", "picture", "Save the screen as an SVG.", 6, place="sweep"),
    Key("question_mark", "app.help", "help", "What is shown, and all keys.", 2, place="sweep"),
    Key("escape,S,shift+s", "screen.close", "close", "To the explorer; the sweep goes on.", 3, place="sweep"),
    Key("q,ctrl+q,ctrl+c", "screen.quit", "quit", "Close; out of the program after `regtui watch`.", place="sweep"),
    Key("left", "screen.move(-1)", "back", "Back by one evaluation.", 1, place="watch"),
    Key("right", "screen.move(1)", "on", "On by one evaluation; at the end it follows what comes.", 2, place="watch"),
    Key("shift+left,H", "screen.move(-5)", "back", "Back by five evaluations.", place="watch"),
    Key("shift+right,L", "screen.move(5)", "on", "On by five evaluations.", place="watch"),
    Key("home,0", "screen.to_start", "to start", "To the beginning of the training.", 5, place="watch"),
    Key("end,dollar_sign", "screen.to_end", "to end", "To the end, and with it while it grows.", 4, place="watch"),
    Key("space", "screen.play", "play/hold", "Play from the cursor on, two evaluations a second, or hold.", 3,
        place="watch"),
    Key("i", "screen.look('inside')", "inside", "The next look inside the network.", 6, place="watch"),
    Key("l", "screen.look('layer')", "layer", "Follow the next layer over time, and after the last one none.", 8,
        place="watch"),
    Key("v", "screen.look('statistic')", "mean|var", "Mean or variance of the norm layer.", 9, place="watch"),
    Key("1", "screen.show(1)", "accuracy", "Only accuracy and gap, large, or all charts; 2 loss, 3 norms, 4 inside.", 7,
        place="watch"),
    Key("2", "screen.show(2)", "loss", "Only the loss.", place="watch"),
    Key("3", "screen.show(3)", "norms", "Only the norm statistics.", place="watch"),
    Key("4", "screen.show(4)", "inside", "Only the inside of the network.", place="watch"),
    Key("e", "app.save_picture", "picture", "Save the screen as an SVG.", place="watch"),
    Key("question_mark", "app.help", "help", "What is shown, and all keys.", 2, place="watch"),
    Key("escape,w", "screen.close", "close", "To the explorer.", 3, place="watch"),
    Key("q,ctrl+q,ctrl+c", "screen.quit", "quit", "Close; out of the program after `regtui watch`.", place="watch"),
    Key("tab", "complete", "complete", "The first completion.", place="filter"),
    Key("escape,down", "screen.rows", "rows", "To the arms.", place="filter"),
    Key("z", "leave_for('quiz_of_all')", "quiz", "The questions of all scenarios.", place="page"),
    Key("o", "leave_for('open_scenario')", "open", "Choose a scenario from the list.", place="page"),
)  # fmt: skip


def bindings(place: Place) -> list[BindingType]:
    """The bindings of a place; the footer is ours, so none is shown by Textual."""
    return [
        Binding(name, key.action, key.label, show=False, priority=name in ("ctrl+c", "ctrl+q", "ctrl+p"))
        for key in KEYS
        if key.place == place and key.action
        for name in key.keys.split(",")
    ]


def footer_keys(*, before_runs: bool = True) -> list[Key]:
    """In order of importance; `before_runs`: nothing has been run yet."""
    keys = (key for key in KEYS if key.place == "app" and key.footer and (before_runs or not key.before_runs))
    return sorted(keys, key=lambda key: key.footer)


def of_place(place: Place) -> Iterator[Key]:
    return (key for key in KEYS if key.place == place)
