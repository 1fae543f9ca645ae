"""What the runs show now, and what went wrong: sentences that hold for the figures on the screen."""

from __future__ import annotations

from regtui import own
from regtui.catalog import DATASETS
from regtui.diagnosis import GUESS, guess_limit, largest_share
from regtui.events import Cost
from regtui.machine import size
from regtui.store import RunHistory
from regtui.ui.panes.diagnosed import arm_diagnosis
from regtui.ui.panes.memorizing import overfitting
from regtui.ui.standing import Standing, standing
from regtui.ui.text import duration
from regtui.ui.view import View


def observation(view: View) -> str:
    """One true sentence about what the runs show now, "" before there is anything to say."""
    arm = view.selected.name
    run = view.shown_run(arm)
    sentence = overfitting(arm, run, of_many=len(view.session.seeds) > 1) if run is not None else ""
    if sentence:
        return sentence
    if sentence := steering(view):
        return sentence
    stands = {each.name: standing(view.session.of_arm(each.name)) for each in view.session.arms}
    # Once one arm is done, those cut short or still on their way cannot be compared with it.
    done = any(s is not None and s.is_final for s in stands.values())
    gaps = {
        name: s.gap
        for name, s in stands.items()
        if s is not None and s.gap is not None and not s.is_steered and s.is_final >= done
    }
    lost = [name for name in gaps if is_guessing(stands[name], view.shown_run(name))]
    if lost and largest_share(view.selected) > GUESS * 100 / len(DATASETS[view.selected.data.name].classes):
        named = f"always naming {_largest(view)} would be right for {largest_share(view.selected):.0f} %"
        return f"{_listed(lost)} learned nothing yet: {named}."
    if lost:
        chance = f"{stands[lost[0]].train:.0f} %"  # type: ignore[union-attr]  # those in `gaps` stand somewhere
        verb = "guesses" if len(lost) == 1 else "guess"
        return f"{_listed(lost)} only {verb}: {chance} of the training set right is chance."
    if len(gaps) < 2:
        return ""
    widest, narrowest = max(gaps, key=gaps.__getitem__), min(gaps, key=gaps.__getitem__)
    if f"{gaps[widest]:.1f}" == f"{gaps[narrowest]:.1f}":
        return f"The gap is {gaps[widest]:.1f} points everywhere."
    return f"Widest gap: {widest}, {gaps[widest]:.1f} points; narrowest: {narrowest}, {gaps[narrowest]:.1f}."


def steering(view: View) -> str:
    """What follows from changes of the selected arm while it trained; "" where there were none."""
    arm = view.selected.name
    mine = standing(view.session.of_arm(arm))
    if mine is None:
        return ""
    if mine.is_steered:
        return f"{arm} was steered while it trained (~): its figures stay out of the verdicts."
    apart = [seed for seed, each in view.session.of_arm(arm).items() if each.is_steered]
    if not apart:
        return ""
    which = f"seed{'s' if len(apart) > 1 else ''} {', '.join(map(str, apart))}"
    return f"Steered: {which} of {arm}, dotted (~), left out of its row and the verdicts."


def is_guessing(stands: Standing | None, run: RunHistory | None) -> bool:
    """Whether a finished arm knows no more of its training set than chance would."""
    if stands is None or not stands.is_final or run is None or run.started is None or not run.started.classes:
        return False
    return stands.train <= guess_limit(100 / len(run.started.classes), largest_share(run.spec))


def _largest(view: View) -> str:
    dataset = DATASETS[view.selected.data.name]
    return max(zip(dataset.class_counts, dataset.classes, strict=True))[1]


def _listed(names: list[str]) -> str:
    return " and ".join((", ".join(names[:-1]), names[-1])) if len(names) > 1 else names[0]


def redrawn_labels(view: View) -> str:
    """Under label noise: which labels train accuracy counts, and what it is against the true ones."""
    arm = view.selected
    if not arm.data.label_noise:
        return ""
    stands = standing(view.session.of_arm(arm.name))
    true = f"; against the true labels {arm.name} has {stands.true_train:.1f} %" if (
        stands is not None and stands.true_train is not None) else ""  # fmt: skip
    return f"Train accuracy is against the labels trained on, {arm.data.label_noise:.0%} of them redrawn{true}."


def cost_sentence(cost: Cost) -> str:
    """How long a run of the first arm takes and what memory it needs, and whether that is too much."""
    needed = cost.weights + cost.data + cost.step
    sentence = f"about {duration(cost.seconds)} a run and seed on {cost.device}, {size(needed)} beside PyTorch itself"
    if cost.free and needed > cost.free:
        return f"{sentence}: more than the {size(cost.free)} that are free. A smaller batch or fewer samples fit."
    return f"{sentence}."


def own_data(view: View) -> str:
    """What own data of a scenario file are; with --data its story says so."""
    session = view.session
    if not session.is_sealed or "--data" in session.scenario.options:
        return ""
    return own.described(DATASETS[view.selected.data.name]) + "."


def sealed_test(view: View) -> str:
    """Of own data: which part is shown, and what became of the test part."""
    session = view.session
    if not session.is_revealed:
        return "Data of your own: validation is shown; R reveals the test part, once."
    run = view.shown_run(view.selected.name)
    when = f" {run.revealed.at[:10]} {run.revealed.at[11:16]} UTC" if run is not None and run.revealed else ""
    return f"The test part was revealed{when}: rows and verdicts are of it, curves of validation."


def troubles(view: View) -> list[str]:
    """What went wrong, a sentence each; a lost run's stays until that run was asked for again.

    That the selected arm diverged is not among them where the verdict on it says so.
    """
    session = view.session
    found = arm_diagnosis(view)
    told = view.selected.name if found is not None and found.verdict == "diverged" else ""
    lost: dict[str, dict[str, None]] = {}
    ended: dict[str, str] = {}
    for (arm, _), run in session.current.items():
        if run.state == "lost":
            lost.setdefault(run.trouble, {})[arm] = None
        elif run.state == "failed" or (run.state == "diverged" and arm != told):
            ended.setdefault(arm, f"{arm}: {run.trouble}")
    sentences = [session.notice] if session.notice and session.notice not in lost else []
    for reason, arms in lost.items():
        when = "Once the others are done, space runs it again." if session.is_busy else "Press space to run it again."
        sentences.append(f"{', '.join(arms)}: {reason} {when}")
    unsaved = {run.unsaved: arm for (arm, _), run in session.current.items() if run.is_live and run.unsaved}
    sentences += [
        f"{arm}: {why}. Interrupted, it would go on from an older one or from its start."
        for why, arm in unsaved.items()
    ]
    if ended:
        sentences.append(ended.get(view.selected.name) or next(iter(ended.values())))
    return sentences
