"""Scenario files of any content, from the disk as a user hands them over: accepted, or refused by file and key."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from regtui.cli import main
from regtui.scenario import ScenarioError, load, preset_files, run_spec
from regtui.scenario.errors import Problems
from regtui.scenario.load import _scenario
from regtui.spec import evaluation_steps, probe_steps, spec_hash

IS_FULL = os.environ.get("REGTUI_FAULTS") == "full"
PRESETS = [path.read_bytes() for path in preset_files()]
NUMBERS: list[float] = [0, -1, 1e308, float("nan"), float("inf"), -float("inf"), 2**63, 5e-324, 0.5]


def numbers_in(raw: Any) -> Any:
    """Every (container, key) of a number below a value."""
    items = raw.items() if isinstance(raw, dict) else enumerate(raw) if isinstance(raw, list) else ()
    for key, value in list(items):
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            yield raw, key
        yield from numbers_in(value)


def test_every_number_at_every_edge_is_taken_or_refused_by_name(rounds: Callable[[int, int], int]) -> None:
    cases = [
        (number, place, value)
        for number, text in enumerate(PRESETS)
        for place in range(sum(1 for _ in numbers_in(msgspec.toml.decode(text))))
        for value in NUMBERS
    ]
    random.Random(5).shuffle(cases)
    taken = 0
    for number, place, value in cases[: rounds(150, len(cases))]:
        raw = msgspec.toml.decode(PRESETS[number])
        container, key = list(numbers_in(raw))[place]
        container[key] = value
        problems = Problems()
        found = _scenario(raw, "x/y", problems)
        assert (found is None) == bool(problems)
        # The number, or another one that it no longer fits together with: train against batch_size, say.
        assert all(problem.key and problem.message.isprintable() for problem in problems), (key, value, problems)
        if found is not None:
            taken += 1
            for arm in found.arms:
                spec = run_spec(found.id, arm, 0)
                assert spec.total_steps > 0 and evaluation_steps(spec)[-1] == spec.total_steps
                assert all(1 <= step <= spec.total_steps for step in probe_steps(spec)) and len(spec_hash(spec)) == 12
    print(f"{min(len(cases), rounds(150, len(cases)))} cases of {len(cases)}, {taken} taken")


PIECES = [b"=", b"[", b"]]", b"{", b"nan", b"1e999", b"-", b'"', b"\n", b"\x00", b"\xff\xfe", b"\x1b[2J", b"\r", b"'''",
          b"1" * 5000, b"[" * 2000, b"a." * 500, b"\\u0000", b"\xe2\x80\xae", b"0x7fffffffffffffffff"]  # fmt: skip


@settings(max_examples=4000 if IS_FULL else 100, deadline=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])  # fmt: skip
@given(st.sampled_from(PRESETS), st.lists(st.tuples(st.floats(0, 1), st.integers(0, 40), st.sampled_from(PIECES)
                                                    | st.binary(max_size=8)), min_size=1, max_size=5))  # fmt: skip
def test_a_file_of_any_bytes_is_taken_or_refused_by_its_name(
    tmp_path: Path, text: bytes, changes: list[tuple[float, int, bytes]]
) -> None:
    for share, length, piece in changes:
        at = int(share * len(text))
        text = text[:at] + piece + text[at + length :]
    path = tmp_path / "file.toml"
    path.write_bytes(text)
    try:
        load(path)
    except ScenarioError as error:
        assert error.problems
        for line in str(error).splitlines():
            assert line.startswith(f"{path}: ") and line.isprintable() and len(line) < 2000


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty.toml", b""), ("zeros.toml", b"\x00" * 100), ("binary.toml", bytes(range(256))),
        ("deep.toml", b"a=" + b"[" * 100_000), ("tables.toml", b"[a." + b"b." * 10_000 + b"c]"),
        ("large.toml", b"#" * 1_000_001), ("digits.toml", b"seeds = " + b"9" * 100_000),
        ("bom.toml", b"\xef\xbb\xbf" + PRESETS[0]), ("quotes.toml", b'title = """' + b"x" * 900_000),
        ("keys.toml", b"".join(b"k%d = 1\n" % i for i in range(50_000))),
        ("arms.toml", b"".join(b"[[arms]]\nname='%d'\n" % i for i in range(50_000))),
        ("entries.toml", b"[base]\nadd = [" + b"{dropout={}}," * 10_000 + b"]\n[[arms]]\nname='a'"),
    ],
)  # fmt: skip
def test_odd_files_are_refused_in_a_moment(
    tmp_path: Path, name: str, content: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    assert main(["check", str(path)]) == 2
    said = capsys.readouterr().err
    assert said.startswith(str(path)) and "Traceback" not in said
    assert said.replace("\n", "").isprintable()


@pytest.mark.parametrize("name", [".", "/dev/zero", "/dev/null", "/proc/self/mem", "missing.toml", "x" * 5000, "a\0b"])
def test_what_is_no_file_is_refused(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", name]) == 2
    said = capsys.readouterr().err
    assert said and "Traceback" not in said and said.replace("\n", "").isprintable()
