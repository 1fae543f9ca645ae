"""A run as one JSON object: its spec and everything that was recorded of it."""

from __future__ import annotations

from typing import Any

import msgspec

from regtui import events
from regtui.events import Bucket, Evaluated, Event, Inside, Marker, Norms, Steps, Studied
from regtui.export.stored import StoredRun


def json_text(run: StoredRun) -> str:
    """The object, indented. JSON knows no NaN: what is not finite stands there as "nan", "inf" or "-inf"."""
    return msgspec.json.format(msgspec.json.encode(document(run)), indent=2).decode() + "\n"


def document(run: StoredRun) -> dict[str, Any]:
    """Spec, state, evaluations, steps, norms, inside, studies, the reveal, markers and ending."""
    history = run.history
    ending = history.ending
    return {
        "run": run.run, "spec_hash": run.info.spec_hash, "version": run.info.version, "state": history.state,
        "steered": history.is_steered, "trouble": history.trouble, "spec": msgspec.to_builtins(run.spec),
        "started": _plain(history.started) if history.started else None,
        "evaluations": [_plain(event) | {"gap": event.gap} for event in run.all(Evaluated)],
        "steps": [_steps(event) for event in run.all(Steps)],
        "norms": [_plain(event) for event in run.all(Norms)],
        "inside": [_plain(event) for event in run.all(Inside)],
        "studies": [_plain(event) for event in run.all(Studied)],
        "revealed": _plain(history.revealed) if history.revealed else None,
        "markers": [_plain(event) for event in run.all(Marker)],
        "ending": {"kind": type(ending).__name__.lower(), **_plain(ending)} if ending else None,
    }  # fmt: skip


def _plain(event: Event) -> dict[str, Any]:
    """An event as its line has it, without its kind and its run, which the object says already."""
    plain: dict[str, Any] = msgspec.json.decode(events.encode(event))
    return {key: value for key, value in plain.items() if key not in ("event", "run")}


def _steps(event: Steps) -> dict[str, Any]:
    """Buckets by name: in an event they are bare lists."""
    plain = _plain(event)
    for name in ("loss", "accuracy"):
        plain[name] = [dict(zip(Bucket.__struct_fields__, row, strict=True)) for row in plain[name]]
    return plain
