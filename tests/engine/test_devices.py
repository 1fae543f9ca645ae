"""Which devices there are: those that can be used, and why one cannot."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import pytest
import torch

from regtui.engine import devices

OLD = "CUDA initialization: The NVIDIA driver on your system is too old (found version 11040). (Triggered internally"


@pytest.fixture
def old_driver(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Two GPUs that the driver counts, and that this PyTorch cannot use."""

    def is_available() -> bool:
        warnings.warn(OLD, stacklevel=1)
        return False

    monkeypatch.setattr(torch.cuda, "is_available", is_available)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    devices.gpu_trouble.cache_clear()
    yield
    devices.gpu_trouble.cache_clear()


@pytest.mark.usefixtures("old_driver")
@pytest.mark.filterwarnings("ignore:CUDA initialization")
def test_gpus_that_cannot_be_used_are_none_and_it_is_said_why() -> None:
    assert [device.name for device in devices.available()] == ["cpu"]
    assert devices.resolve("auto").type == "cpu" and not devices.is_gpu("cuda:1")
    assert devices.gpu_trouble().endswith("too old (found version 11040).")
    with pytest.raises(ValueError, match=r"there is cpu \(PyTorch says: .*too old \(found version 11040\)\.\)$"):
        devices.resolve("cuda")


@pytest.mark.parametrize("is_lost", [True, False])
def test_a_gpu_has_failed_where_waiting_for_it_fails(monkeypatch: pytest.MonkeyPatch, is_lost: bool) -> None:
    def synchronize() -> None:
        if is_lost:
            raise RuntimeError("CUDA error: device-side assert triggered")

    monkeypatch.setattr(torch.cuda, "synchronize", synchronize)
    assert not devices.has_failed(), "no GPU is in use"
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: True)
    assert devices.has_failed() == is_lost
