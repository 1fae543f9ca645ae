"""Mutated scenario files are accepted or refused with a message that names the file; never a traceback."""

import math
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from regtui.scenario import Scenario, ScenarioError, load, loads, preset_files
from regtui.scenario.errors import Problems
from regtui.scenario.load import _scenario

PRESETS = [path.read_text() for path in preset_files()]
EDGES = [0, -1, 1, 2**70, 1e308, -1e308, 5e-324, math.nan, math.inf, -math.inf, True, "", "x", [], {}, [[]], None,
         "\x1b[31m", {"p": {}}, [1, "a"]]  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(PRESETS), st.data())
def test_a_text_with_a_piece_replaced_never_raises_anything_else(text: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(text)))
    length = data.draw(st.integers(0, 12))
    piece = data.draw(st.text(max_size=8) | st.sampled_from(["=", "[", "]]", "{", "nan", "1e999", "-", '"', "\n"]))
    try:
        found = loads(text[:at] + piece + text[at + length :], source="file.toml", id="x/y")
    except ScenarioError as error:
        assert str(error).startswith("file.toml: ") and all(problem.message for problem in error.problems)
    else:
        assert isinstance(found, Scenario)


@settings(max_examples=600, deadline=None)
@given(st.sampled_from(PRESETS), st.data())
def test_a_value_of_any_kind_at_any_key_is_accepted_or_refused_by_name(text: str, data: st.DataObject) -> None:
    raw = msgspec.toml.decode(text.encode())
    container, key = data.draw(st.sampled_from(list(places(raw))))
    container[key] = data.draw(st.sampled_from(EDGES))
    problems = Problems()
    found = _scenario(raw, "x/y", problems)
    assert (found is None) == bool(problems)
    assert all(problem.message.isprintable() and problem.key.isprintable() for problem in problems)


def places(raw: Any) -> Any:
    """Every (container, key) below a value."""
    items = raw.items() if isinstance(raw, dict) else enumerate(raw) if isinstance(raw, list) else ()
    for key, value in list(items):
        yield raw, key
        yield from places(value)


def test_the_presets_survive_the_loader_unchanged() -> None:
    for path in preset_files():
        assert load(path) == load(path)
