"""An arm of a session as one line for the shell: `regtui run SCENARIO --arm ... --seeds ... --set ...`."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from regtui.export.settings import Settings, differing, flat
from regtui.modes import MODE_KEY
from regtui.scenario import Arm, ScenarioError, apply_setting, parse_value, preset_files
from regtui.scenario.presets import preset_id
from regtui.session import Session


@dataclass(frozen=True)
class Copied:
    """What came of it."""

    line: str
    """"" where a line cannot say the arm."""
    sentence: str
    """What the user is told."""


def command_line(session: Session, arm: str, seeds: int) -> Copied:
    """The line that runs an arm as it is now with its first `seeds` seeds, tried out before it is given.

    It names the preset arm that needs the fewest --set; an arm whose stack has other entries than every preset one, or
    in another order, has no such line. Where a run of the arm was steered the line says so in a comment.
    """
    words = run_words(session, arm, seeds)
    if words is None:
        told = _unsayable(session, session.arm(arm))
        return Copied("", f"Nothing was copied: {told}; --set changes values only.")
    line = shlex.join(["regtui", "run", *words])
    if steered := ", ".join(dict.fromkeys(_steered(session, arm))):
        mode = ", and in train mode" if MODE_KEY in steered else ""
        line += f"  # steered while it trained ({steered}); this line trains with the last values from the start{mode}"
    return Copied(line, f"Copied, if the terminal allows that (OSC 52): {line}")


def run_words(session: Session, arm: str, seeds: int | None = None) -> list[str] | None:
    """What follows `regtui run`, or `regtui sweep`, for an arm as it is now; None where no such line can say it."""
    wanted = session.arm(arm)
    said = [found for preset in session.scenario.arms if (found := _said(preset, wanted)) is not None]
    if not said:
        return None
    base, settings = min(said, key=lambda found: (len(found[1]), found[0] != arm))
    words = [_scenario(session), *session.scenario.options, "--arm", base]
    if seeds is not None:
        words += ["--seeds", str(seeds)]
    for setting in settings:
        words += ["--set", setting]
    if session.device != "auto":
        words += ["--device", session.device]
    if session.threads != 1:
        words += ["--threads", str(session.threads)]
    if session.precision != "fp32":
        words += ["--precision", session.precision]
    return words


def _said(preset: Arm, wanted: Arm) -> tuple[str, list[str]] | None:
    """The preset arm's name and the --set that turn it into the wanted arm; None where they cannot."""
    if [entry.key for entry in preset.stack] != [entry.key for entry in wanted.stack]:
        return None
    target: Settings = flat(wanted)
    changed, settings = preset, []
    for key in differing([flat(preset), target]):
        if key not in target:
            return None
        text = _written(target[key])
        try:
            changed = apply_setting(changed, key, parse_value(text))
        except ScenarioError:
            return None
        settings.append(f"{key}={text}")
    return (preset.name, settings) if flat(changed) == target else None


def _written(value: bool | int | float | str) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _scenario(session: Session) -> str:
    """What `regtui run` finds it by: a preset's name, else its file."""
    scenario = session.scenario
    id = scenario.id.partition("@")[0] if scenario.options else scenario.id
    is_preset = any(preset_id(path) == id for path in preset_files())
    return id if is_preset or not scenario.file else scenario.file


def _steered(session: Session, arm: str) -> Iterator[str]:
    for run in session.of_arm(arm).values():
        for marker in run.markers:
            if marker.kind == "set":
                yield f"{marker.key}={marker.value} at step {marker.step}"


def _unsayable(session: Session, wanted: Arm) -> str:
    """How the stack differs from that of the nearest preset arm."""
    keys = [entry.key for entry in wanted.stack]
    nearest = min(session.scenario.arms, key=lambda arm: len({entry.key for entry in arm.stack} ^ set(keys)))
    others = [entry.key for entry in nearest.stack]
    more, less = [key for key in keys if key not in others], [key for key in others if key not in keys]
    parts = [f"has {', '.join(more)}"] if more else []
    parts += [f"lacks {', '.join(less)}"] if less else []
    how = " and ".join(parts) or "has another order of its stack or another model"
    return f"{wanted.name} {how} compared with {nearest.name}, the arm of the scenario that is nearest to it"
