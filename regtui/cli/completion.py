"""`regtui completion SHELL`: a few lines for the shell that ask this program what may come next.

    regtui completion bash              the lines; eval "$(regtui completion bash)" switches them on
    regtui completion bash -- run la    what they call: the words so far, the last one unfinished

What may come is read from the parser, so it cannot fall behind; nothing heavy is imported for it.
"""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Iterable, Iterator

from regtui.cli.parse_stored import LATEST, RUNS
from regtui.cli.parser import build_parser
from regtui.paths import runs_dir

SCRIPTS = {
    "bash": r"""_regtui() {
    local IFS=$'\n'
    COMPREPLY=($(regtui completion bash -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -o bashdefault -F _regtui regtui
""",
    "zsh": r"""_regtui() {
    local -a found
    found=("${(@f)$(regtui completion zsh -- "${(@)words[2,CURRENT]}" 2>/dev/null)}")
    if [[ -n "${found[*]}" ]]; then _describe regtui found; else _files; fi
}
compdef _regtui regtui
""",
    "fish": r"""function __regtui_complete
    set -l words (commandline -opc) (commandline -ct)
    set -l found (regtui completion fish -- $words[2..] 2>/dev/null)
    if test (count $found) -gt 0
        printf '%s\n' $found
    else
        __fish_complete_path (commandline -ct)
    end
end
complete -c regtui -f -a '(__regtui_complete)'
""",
}

Candidate = tuple[str, str]
"""What may be put there, and what it is."""


def completion(arguments: argparse.Namespace) -> int:
    """Print the lines of a shell, or the candidates for the last of the words."""
    if arguments.so_far is None:
        print(SCRIPTS[arguments.shell], end="")
        return 0
    for value, meaning in candidates(arguments.so_far):
        print(_written(arguments.shell, value, meaning))
    return 0


def candidates(words: list[str]) -> list[Candidate]:
    """What the last word, perhaps "", may become; empty where only a path can stand there."""
    *before, present = words or [""]
    found = _all(before, present)
    return [(value, meaning) for value, meaning in found if value.startswith(present)]


def _all(before: list[str], present: str) -> Iterator[Candidate]:
    parser = build_parser()
    commands = next(action for action in parser._actions if isinstance(action, argparse._SubParsersAction))
    is_command = bool(before) and before[0] in commands.choices
    if not before:
        yield from ((choice.dest, choice.help or "") for choice in commands._choices_actions)
        yield from _options(parser)
    command = commands.choices[before[0] if is_command else "explore"]
    given = before[1:] if is_command else before
    option = _awaiting(command, given)
    if option is not None:
        yield from _values(option, given)
    elif present.startswith("-"):
        yield from _options(command)
    else:
        yield from _positional(command, given)


def _options(parser: argparse.ArgumentParser) -> Iterator[Candidate]:
    for action in parser._actions:
        if action.help != argparse.SUPPRESS:
            yield from ((name, action.help or "") for name in action.option_strings)


def _awaiting(command: argparse.ArgumentParser, given: list[str]) -> argparse.Action | None:
    """The option whose value comes next."""
    for action in command._actions:
        if given and given[-1] in action.option_strings and action.nargs is None and action.const is None:
            return action
    return None


def _positional(command: argparse.ArgumentParser, given: list[str]) -> Iterator[Candidate]:
    """The values of the positional that comes next; the last one goes on for ever where it may be repeated."""
    done = 0
    for i, word in enumerate(given):
        is_value = _awaiting(command, given[:i]) is not None
        done += not word.startswith("-") and not is_value
    places = [action for action in command._actions if not action.option_strings]
    if places and (done < len(places) or places[-1].nargs in ("*", "+")):
        yield from _values(places[min(done, len(places) - 1)], given)


def _values(action: argparse.Action, given: list[str]) -> Iterator[Candidate]:
    if action.choices is not None:
        yield from ((str(choice), "") for choice in action.choices)
    elif action.dest == "scenario":
        yield from _scenarios()
    elif action.dest == "arm":
        yield from _arms(given)
    elif action.dest == "runs":
        if (action.help or "").startswith((RUNS, LATEST)):  # where a scenario stands for runs of it
            yield from _scenarios_with_runs()
        yield from _runs()
    elif action.dest in ("device", "threads"):
        yield from ((value, "") for value in (("auto", "cpu", "cuda") if action.dest == "device" else ("auto", "1")))


def _scenarios() -> Iterator[Candidate]:
    from regtui.scenario import read_presets

    yield from ((scenario.id, scenario.title) for _, scenario in read_presets()[0])


def _arms(given: Iterable[str]) -> Iterator[Candidate]:
    """Those of the scenario that stands on the line."""
    from regtui.scenario import ScenarioError, find, load

    for word in given:
        try:
            scenario = load(find(word))
        except ScenarioError:
            continue
        yield from ((arm.name, "") for arm in scenario.arms)
        return


def _scenarios_with_runs() -> Iterator[Candidate]:
    """Of those that were run, in the order of the lesson, then those of one's own: all other names stand for none."""
    from regtui.store import list_runs

    ran = {info.spec.scenario for info in list_runs(runs_dir())}
    presets = {value: title for value, title in _scenarios() if value in ran}
    yield from presets.items()
    yield from ((value, "") for value in sorted(ran - set(presets)))


def _runs() -> Iterator[Candidate]:
    from regtui.store import list_runs

    yield from (
        (info.run, f"{info.spec.scenario}: {info.spec.arm}, seed {info.spec.seed}") for info in list_runs(runs_dir())
    )


def _written(shell: str, value: str, meaning: str) -> str:
    """As the shell wants it: bash takes words as they will stand, zsh value:meaning, fish value<tab>meaning."""
    meaning = " ".join(meaning.split()).partition(". ")[0]
    if shell == "bash":
        return shlex.quote(value)
    if shell == "zsh":
        escaped = value.replace("\\", "\\\\").replace(":", "\\:")
        return f"{escaped}:{meaning}" if meaning else escaped
    return f"{value}\t{meaning}" if meaning else value
