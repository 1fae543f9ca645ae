"""What becomes of an exception: a sentence that is true, with what to do."""

from __future__ import annotations

import pytest
import torch

from regtui.engine import devices
from regtui.engine.failures import failure

ASSERTION = (
    "CUDA error: device-side assert triggered\nSearch for `cudaErrorAssert' in https://docs.nvidia.com/x for more "
    "information.\nCUDA kernel errors might be asynchronously reported at some other API call.\n"
)


@pytest.mark.parametrize("error", [
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB."),
    RuntimeError("CUDA error: out of memory\nmore"),
    RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
    MemoryError(),
])  # fmt: skip
@pytest.mark.parametrize("beside", [0, 1, 3])
def test_memory_that_ran_out_is_named_as_that_and_who_else_has_it(error: Exception, beside: int) -> None:
    told = failure("r", error, "", beside=beside)
    assert told.kind == "out-of-memory" and "batch_size" in told.hint and not told.ends_worker
    assert ("other run" in told.message, "start it anew" in told.hint) == (beside > 0, beside > 0)
    assert ("runs" in told.message) == (beside > 1)


def test_a_gpu_that_failed_for_good_ends_the_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    error = RuntimeError(ASSERTION)
    assert not failure("r", error, "").ends_worker, "it was one call that failed"
    monkeypatch.setattr(devices, "has_failed", lambda: True)
    told = failure("r", error, "")
    assert told.ends_worker and told.kind == "gpu-lost"
    assert told.message.endswith("no more: CUDA error: device-side assert triggered")
    assert "last checkpoint" in told.hint
    assert not failure("r", ValueError("a batch of 0"), "").ends_worker, "which has nothing to do with it"


def test_a_gpu_that_this_pytorch_is_not_built_for_is_told_with_what_to_do() -> None:
    told = failure("r", RuntimeError("CUDA error: no kernel image is available for execution on the device"), "")
    assert "--device cpu" in told.hint
