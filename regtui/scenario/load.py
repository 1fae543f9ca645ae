"""Read a scenario file: parse, check every key and name, resolve the arms."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import msgspec

from regtui.catalog import STUDIES
from regtui.scenario.errors import Problem, Problems, ScenarioError, nearest, printable, shown
from regtui.scenario.resolve import resolve_arms
from regtui.scenario.schema import Arm, ArmFile, BaseFile, Claim, Question, Scenario, ScenarioFile, metrics

MOST_ITEMS = 200
"""Arms, claims or questions of a scenario."""
MAX_BYTES = 1_000_000
"""A scenario is a page of text; a larger file is some other file."""


def load(path: Path) -> Scenario:
    """The scenario of a file. Raises ScenarioError with everything that is wrong in it."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)  # a device never ends and has no size
        if len(content) > MAX_BYTES:
            raise ScenarioError(str(path), [Problem("", "is larger than 1 MB; a scenario is a page of TOML")])
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        raise ScenarioError(str(path), [Problem("", "is not UTF-8 text; save it as UTF-8")]) from None
    except (OSError, ValueError) as error:  # ValueError: a name that no file can have
        why = error.strerror if isinstance(error, OSError) else error
        raise ScenarioError(printable(str(path)), [Problem("", f"cannot be read: {why}")]) from None
    scenario = loads(text, source=str(path), id=f"{path.resolve().parent.name}/{path.stem}", root=path.resolve().parent)
    return msgspec.structs.replace(scenario, file=str(path.resolve()))


def loads(text: str, *, source: str, id: str, root: Path | None = None) -> Scenario:
    """The scenario of a text. Raises ScenarioError.

    source  is named in errors
    root    where relative paths to own data begin; None: in the current directory
    """
    try:
        raw = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        raise ScenarioError(source, [Problem("", f"is not valid TOML: {error}")]) from None
    problems = Problems()
    try:
        scenario = _scenario(raw, id, problems, root)
    except RecursionError:
        raise ScenarioError(source, [Problem("", "has tables in tables in tables; a scenario is flat")]) from None
    if problems or scenario is None:
        raise ScenarioError(source, problems)
    return scenario


def _scenario(raw: dict[str, Any], id: str, problems: Problems, root: Path | None = None) -> Scenario | None:
    for key in ("arms", "claims", "quiz"):
        if (count := len(_list(raw, key))) > MOST_ITEMS:
            problems.add(key, f"has {count} items; allowed are at most {MOST_ITEMS}")
            return None
    problems.refuse_non_finite(raw)
    problems.refuse_control_characters(raw)
    file = problems.convert(raw, ScenarioFile, "")
    # What a file lacks at its top does not hide what is wrong further down.
    base = problems.convert(raw.get("base", {}), BaseFile, "base")
    arm_files = [problems.convert(item, ArmFile, f"arms[{i}]") for i, item in enumerate(_list(raw, "arms"))]
    claims = [problems.convert(item, Claim, f"claims[{i}]") for i, item in enumerate(_list(raw, "claims"))]
    quiz = [problems.convert(item, Question, f"quiz[{i}]") for i, item in enumerate(_list(raw, "quiz"))]
    if base is None or None in arm_files:
        return None
    arms = resolve_arms(base, [arm for arm in arm_files if arm is not None], problems, root)
    names = [arm.name for arm in arm_files if arm is not None]
    for i, claim in enumerate(claims):
        if claim is not None:
            _check_claim(claim, names, base.studies, f"claims[{i}].check", problems)
    for i, question in enumerate(quiz):
        if question is not None and question.answer >= len(question.choices):
            last = len(question.choices) - 1
            problems.add(f"quiz[{i}].answer", f"is {question.answer}; allowed is an index from 0 to {last}")
    if problems or file is None:
        return None
    return Scenario(
        id=id, title=file.title, section=file.section, question=file.question, watch=file.watch, story=file.story,
        seeds=file.seeds, arms=tuple[Arm, ...](arms), claims=tuple(claim for claim in claims if claim is not None),
        quiz=tuple(question for question in quiz if question is not None),
    )  # fmt: skip


def _list(raw: dict[str, Any], key: str) -> list[Any]:
    value = raw.get(key, [])
    return value if isinstance(value, list) else []


def _check_claim(claim: Claim, names: list[str], studies: list[str], key: str, problems: Problems) -> None:
    check = claim.check
    if check.metric not in metrics(studies):
        unasked = check.metric.rpartition(".")[0]
        hint = f'; write studies = ["{unasked}"] into [base]' if check.metric in metrics(STUDIES) else ""
        problems.add(f"{key}.metric", f"is {shown(check.metric)}, which is not measured here"
                     + (hint or nearest(check.metric, metrics(studies))))  # fmt: skip
    if (check.below is None) == (check.above is None):
        problems.add(key, "needs exactly one of below and above, each an arm's name or a number")
        return
    for field, value in (("of", check.of), ("below", check.below), ("above", check.above)):
        if isinstance(value, str) and value not in names:
            problems.add(f"{key}.{field}", f"is {shown(value)}, which is not an arm" + nearest(value, names))
