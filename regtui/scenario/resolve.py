"""From the tables of a file to arms with every default filled in and every name checked against the catalog."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from regtui import own
from regtui.catalog import DATASETS, MODELS, REGULARIZERS, STUDIES, Param
from regtui.own.named import NAMED, is_code
from regtui.scenario.checking import check_arm
from regtui.scenario.errors import Problems, nearest, shown
from regtui.scenario.schema import Arm, ArmFile, BaseFile
from regtui.spec import DataSpec, ModelSpec, Precision, RunSpec, Scalar, StackEntry, Struct, Threads, TrainSpec

S = TypeVar("S", bound=Struct)


def resolve_arms(base: BaseFile, files: Sequence[ArmFile], problems: Problems, root: Path | None = None) -> list[Arm]:
    """The arms, each built on the resolved one before it; problems are noted, not raised.

    root  where a relative path to own data begins; None: in the current directory
    """
    data = problems.convert(_own_filled(base.data, root, "base.data", problems), DataSpec, "base.data") or DataSpec()
    train = problems.convert(base.train, TrainSpec, "base.train") or TrainSpec()
    model = _model(base.model, None, "base.model", problems)
    own = own_stack(model) if base.stack is None else _add((), base.stack, model, "base.stack", problems)
    stack = _add(own, base.add, model, "base.add", problems)
    studies = _studies(base.studies, data, problems)
    before = Arm(name="", data=data, model=model, train=train, stack=stack, studies=studies)
    check_arm(before, "base", problems)
    arms: list[Arm] = []
    for i, file in enumerate(files):
        key = f"arms[{i}]"
        if any(file.name == arm.name for arm in arms):
            problems.add(f"{key}.name", f"is {shown(file.name)}, which another arm has already")
        before = _arm(file, before, key, problems, root)
        found = Problems()
        check_arm(before, key, found)
        problems.add_new(found)
        arms.append(before)
    return arms


def run_spec(
    scenario_id: str, arm: Arm, seed: int, *, device: str = "auto", threads: Threads = 1, precision: Precision = "fp32"
) -> RunSpec:
    """The spec of one run."""
    return RunSpec(
        scenario=scenario_id, arm=arm.name, seed=seed, data=arm.data, model=arm.model, train=arm.train,
        stack=arm.stack, studies=arm.studies, device=device, threads=threads, precision=precision,
    )  # fmt: skip


def resolve_entry(item: Any, model: ModelSpec, key: str, problems: Problems) -> StackEntry | None:
    """One `{ dropout = { p = 0.3, where = "head" } }`, defaults filled in, or None after noting problems."""
    if not isinstance(item, dict) or len(item) != 1:
        problems.add(key, f"is {shown(item)}; allowed is one regularizer, as in {{ dropout = {{ p = 0.3 }} }}")
        return None
    name, given = next(iter(item.items()))
    record = REGULARIZERS.get(name)
    if record is None:
        problems.add(f"{key}.{name}", "is not a regularizer of the catalog" + nearest(name, REGULARIZERS))
        return None
    if not isinstance(given, dict):
        problems.add(f"{key}.{name}", f"is {shown(given)}; allowed is a table, as in {{ {name} = {{}} }}")
        return None
    given = dict(given)
    where = given.pop("where", None)
    published, taken = MODELS[model.name].sites, MODELS[model.name].inputs
    if not set(record.kinds) & set(taken):
        problems.add(f"{key}.{name}", f"acts on {' or '.join(record.kinds)}; the model {model.name} takes "
                     f"{' or '.join(taken)}")  # fmt: skip
        return None
    possible = [site for site in record.sites if site in published]
    if not record.sites:
        if where is not None:
            problems.add(f"{key}.{name}.where", f"is {shown(where)}; {name} acts on the whole run and has no place")
            return None
        where = ""
    elif where is None and possible:
        where = possible[0]
    elif where not in possible:
        wanted = f"is {shown(where)}; " if where is not None else ""
        allowed = ", ".join(possible) or f"no place of the model {model.name}"
        problems.add(f"{key}.{name}.where", f"{wanted}allowed here is {allowed}")
        return None
    params = fill_params(record.params, given, f"{key}.{name}", problems)
    return StackEntry(name=name, where=where, params=params)


def fill_params(records: tuple[Param, ...], given: dict[str, Any], key: str, problems: Problems) -> dict[str, Scalar]:
    """Every parameter of the record, checked and in the type that it declares."""
    for name in given:
        if all(name != param.name for param in records):
            problems.add(f"{key}.{name}", "is not a parameter here" + nearest(name, [p.name for p in records]))
    params: dict[str, Scalar] = {}
    for param in records:
        value = given.get(param.name, param.default)
        wrong = param.problem(value)
        if wrong and param.name not in given:
            wrong = f"is missing; allowed is {param.allowed}"
        if wrong:
            problems.add(f"{key}.{param.name}", wrong)
        else:
            params[param.name] = param.cast(value)
    return params


def own_stack(model: ModelSpec) -> tuple[StackEntry, ...]:
    """The norms and dropouts that belong to a model."""
    return _add((), list(MODELS[model.name].stack), model, "model", Problems())


def _moved(before: Arm, model: ModelSpec) -> tuple[StackEntry, ...]:
    """The stack of the arm before, its own model's norms and dropouts exchanged for those of another model."""
    if model.name == before.model.name:
        return before.stack
    old = own_stack(before.model)
    own = own_stack(model)
    added = tuple(entry for entry in before.stack if entry not in old)
    return tuple(entry for entry in own if all(entry.key != other.key for other in added)) + added


def _own_filled(given: dict[str, Any], root: Path | None, key: str, problems: Problems) -> dict[str, Any]:
    """The data table with what own data say of themselves; what is wrong with those is noted."""
    if "content" in given:
        problems.add(f"{key}.content", "is not a key here; it is found when the data are read")
    try:
        return own.filled(given, root or Path.cwd())
    except own.OwnDataError as error:
        problems.add(f"{key}.name", str(error))
        return {name: value for name, value in given.items() if name != "name"}


def _arm(file: ArmFile, before: Arm, key: str, problems: Problems, root: Path | None) -> Arm:
    data = _merged(before.data, _own_filled(file.data, root, f"{key}.data", problems), f"{key}.data", problems)
    train = _merged(before.train, file.train, f"{key}.train", problems)
    model = _model(file.model, before.model, f"{key}.model", problems)
    if file.stack is not None:
        if file.add or file.remove:
            problems.add(key, "has stack and add or remove; stack starts afresh, so put everything into it")
        stack = _add((), file.stack, model, f"{key}.stack", problems)
    else:
        stack = _remove(_moved(before, model), file.remove, f"{key}.remove", problems)
        stack = _add(stack, file.add, model, f"{key}.add", problems)
    return Arm(
        name=file.name, data=data, model=model, train=train, stack=stack, studies=before.studies, lesson=file.lesson
    )


def _studies(names: Sequence[str], data: DataSpec, problems: Problems) -> tuple[str, ...]:
    """The studies of a scenario, those that can be made of its data."""
    kind = DATASETS[data.name].kind if data.name in DATASETS else None
    for i, name in enumerate(names):
        study = STUDIES.get(name)
        if study is None:
            problems.add(
                f"base.studies[{i}]", f"is {shown(name)}, which is not in the catalog" + nearest(name, STUDIES)
            )
        elif kind and kind not in study.kinds:
            problems.add(f"base.studies[{i}]", f"is {name}, which is made of {' or '.join(study.kinds)}; "
                         f"{data.name} is {kind}")  # fmt: skip
        elif name in names[:i]:
            problems.add(f"base.studies[{i}]", f"is {name}, which is there already")
    return tuple(names)


def _merged(before: S, changes: dict[str, Any], key: str, problems: Problems) -> S:
    if not changes:
        return before
    known = msgspec.to_builtins(before)
    merged = {**known, **changes}
    for name, value in changes.items():
        if isinstance(value, dict) and isinstance(known.get(name), dict):
            merged[name] = {**known[name], **value}
    return problems.convert(merged, type(before), key) or before


def _model(given: dict[str, Any], before: ModelSpec | None, key: str, problems: Problems) -> ModelSpec:
    """The model with all its parameters; those of `before` stay where the model is the same."""
    given = dict(given)
    name = given.pop("name", before.name if before else "cnn")
    if isinstance(name, str) and is_code(name):
        return _named(name, given, key, problems) or before or _first_model()
    record = MODELS.get(name) if isinstance(name, str) else None
    if record is None:
        problems.add(f"{key}.name", f"is {shown(name)}, which is not in the catalog" + nearest(str(name), MODELS))
        return before or _first_model()
    kept = before.params if before and before.name == name else {}
    # What the arm before lacks was refused there, and is not said again of each arm that inherits it.
    asked = [param for param in record.params if not kept or param.name in kept or param.name in given]
    return ModelSpec(name=name, params=fill_params(tuple(asked), {**kept, **given}, key, problems))


def _named(name: str, given: dict[str, Any], key: str, problems: Problems) -> ModelSpec | None:
    """Code, as the command line names it: a file may name no other, nor give its factory other arguments."""
    named = NAMED.get(name)
    if named is None:
        problems.add(f"{key}.name", f"is {shown(name)}, which is code; a file alone has none run, so say it on the "
                     f"command line as well: --model {name}")  # fmt: skip
        return None
    for param in given:
        if param not in named.params or named.params[param] != given[param]:
            problems.add(f"{key}.{param}", f"is {shown(given[param])}; say it on the command line as well: "
                         f"--set model.{param}={given[param]}")  # fmt: skip
    return named


def _first_model() -> ModelSpec:
    return ModelSpec(params={param.name: param.default for param in MODELS["cnn"].params})


def _add(
    stack: tuple[StackEntry, ...], items: list[dict[str, Any]], model: ModelSpec, key: str, problems: Problems
) -> tuple[StackEntry, ...]:
    """Replace entries of the same identity in place, append the others."""
    entries = list(stack)
    for i, item in enumerate(items):
        entry = resolve_entry(item, model, f"{key}[{i}]", problems)
        if entry is None:
            continue
        keys = [known.key for known in entries]
        if entry.key in keys:
            entries[keys.index(entry.key)] = entry
        else:
            entries.append(entry)
    return tuple(entries)


def _remove(stack: tuple[StackEntry, ...], names: list[str], key: str, problems: Problems) -> tuple[StackEntry, ...]:
    entries = list(stack)
    for i, name in enumerate(names):
        found = [entry for entry in entries if name in (entry.name, entry.key)]
        if not found:
            known = [entry.key for entry in entries]
            problems.add(f"{key}[{i}]", f"is {shown(name)}, which is not in the stack" + nearest(name, known))
        entries = [entry for entry in entries if entry not in found]
    return tuple(entries)
