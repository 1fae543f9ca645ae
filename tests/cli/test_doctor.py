"""What the doctor makes of what a worker says."""

from __future__ import annotations

import pytest

from regtui.cli import doctor
from regtui.cli.parser import parse
from regtui.events import PROTOCOL_VERSION, Device, Hello
from regtui.runner import Ready


def test_a_gpu_that_cannot_be_used_is_a_warning_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    async def said(_: object) -> Ready:
        hello = Hello(
            protocol=PROTOCOL_VERSION, version="0", torch="2", pid=1, host="here",
            devices=[Device(name="cpu", label="2 cores")], gpu_trouble="The NVIDIA driver on your system is too old.",
        )  # fmt: skip
        return Ready(0, hello)

    monkeypatch.setattr(doctor, "_first_word", said)
    (found,) = [finding for finding in doctor._worker(parse(["doctor", "--worker", "stub"])) if finding.topic == "gpu"]
    assert (found.state, found.found) == ("warning", "The NVIDIA driver on your system is too old.")
    assert "CPU" in found.advice
