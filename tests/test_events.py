"""The codec: what goes out comes back, non-finite numbers included, and garbage is named."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regtui import commands, events
from regtui.events import Bucket, Evaluated, EventError, Measured, NormLayer, Norms, Steps
from regtui.spec import RunSpec

numbers = st.floats(allow_nan=True, allow_infinity=True)
measured = st.builds(Measured, loss=numbers, accuracy=numbers)


def same(a: object, b: object) -> bool:
    """Equal, with NaN equal to NaN."""
    return repr(a) == repr(b)


@given(st.builds(Evaluated, run=st.text(), step=st.integers(0, 10**9), epoch=numbers, seconds=numbers, train=measured,
                 test=measured))  # fmt: skip
def test_an_evaluation_survives_the_wire(event: Evaluated) -> None:
    assert same(events.decode(events.encode(event)), event)


@given(st.lists(st.builds(Bucket, st.integers(1, 10**6), st.integers(1, 100), numbers, numbers, numbers), max_size=5))
def test_steps_survive_the_wire(buckets: list[Bucket]) -> None:
    event = Steps(run="r", loss=buckets, accuracy=[], step=3, seconds=0.5, samples_per_s=1.0, lr=0.1)
    assert same(events.decode(events.encode(event)), event)


def test_a_line_is_strict_json_even_with_nan_and_inf() -> None:
    layer = NormLayer(name="conv1", kind="batchnorm", channels=1, batch_mean=[math.nan], batch_var=[math.inf], count=2)
    line = events.encode(Norms(run="r", step=1, layers=[layer]))
    assert line.endswith(b"\n") and line.count(b"\n") == 1
    parsed = json.loads(line, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    assert parsed["layers"][0]["batch_mean"] == ["nan"]


@pytest.mark.parametrize("line", [b"", b"{}", b"null", b"\xff\xfe", b'{"event":"nothing"}', b'{"event":"stopped"}',
                                  b'{"event":"stopped","run":"a","step":', b"Segmentation fault",
                                  b'{"event":"stopped","run":"a","more":' + b"[" * 100_000])  # fmt: skip
def test_anything_else_is_an_event_error(line: bytes) -> None:
    with pytest.raises(EventError, match="not an event"):
        events.decode(line)
    with pytest.raises(commands.CommandError, match="not a command"):
        commands.decode(line.replace(b'"event":"stopped"', b'"command":"start"'))


def test_the_gap_is_clean_train_minus_test() -> None:
    train, test = Measured(loss=0.1, accuracy=95.0), Measured(loss=1.0, accuracy=60.0)
    assert Evaluated(run="r", step=1, epoch=1, seconds=1, train=train, test=test).gap == 35.0
    assert Evaluated(run="r", step=1, epoch=1, seconds=1, train=train).gap is None


def test_commands_survive_the_wire_and_refuse_unknown_fields() -> None:
    start = commands.Start(runs=[commands.RunRequest(run="r", spec=RunSpec(scenario="s", arm="a", seed=1))])
    assert commands.decode(commands.encode(start)) == start
    assert commands.decode(commands.encode(commands.Set(run="r", key="dropout.p", value=0.5))).value == 0.5
    with pytest.raises(commands.CommandError, match="unknown field `speed`"):
        commands.decode(b'{"command":"pause","run":"r","speed":1}')


def test_a_spec_out_of_range_is_refused_at_the_door_of_the_worker() -> None:
    line = commands.encode(
        commands.Start(runs=[commands.RunRequest(run="r", spec=RunSpec(scenario="s", arm="a", seed=0))])
    )
    with pytest.raises(commands.CommandError, match="epochs"):
        commands.decode(line.replace(b'"epochs":40', b'"epochs":0'))
