"""Processes that train together end at the same step, whichever of them was told to."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
from torch import Tensor

from regtui.monitor import together
from regtui.monitor.together import EVERY, agreed

CPU = torch.device("cpu")


def test_a_single_process_ends_at_once() -> None:
    assert agreed(True, 1, CPU) and not agreed(False, EVERY, CPU)


@pytest.mark.parametrize("others_flag", [0.0, 1.0])
def test_several_agree_at_the_same_steps_alone(others_flag: float, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[float] = []

    def all_reduce(value: Tensor, op: object) -> None:
        assert op == torch.distributed.ReduceOp.MAX
        asked.append(value.item())
        value.clamp_(min=others_flag)

    group = SimpleNamespace(
        is_available=lambda: True, is_initialized=lambda: True, get_world_size=lambda: 2, all_reduce=all_reduce,
        ReduceOp=torch.distributed.ReduceOp,
    )  # fmt: skip
    monkeypatch.setattr(together, "dist", group)
    assert not agreed(True, EVERY - 1, CPU) and not asked, "where one asks alone it waits for ever"
    assert agreed(True, EVERY, CPU)
    assert agreed(False, 2 * EVERY, CPU) == bool(others_flag)
    assert asked == [1.0, 0.0]
