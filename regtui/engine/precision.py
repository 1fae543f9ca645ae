"""How numbers are multiplied in a training step: fp32, or bf16 where the device has it.

bf16 is PyTorch's autocast (https://docs.pytorch.org/docs/stable/amp.html): products and convolutions round their inputs
to 8 bits, weights, gradients, optimizer and losses stay fp32. Evaluations, studies and averages are computed in fp32
for both, so arms of either precision are measured alike. TF32 is off: fp32 on a GPU is what a CPU computes.

Measured on one thread of an AMD EPYC with AVX512-BF16, CPU time a step, fp32 over bf16: 6-conv CNN of width 8, batch
32: 1.1, batch 64: 1.4; of width 32: 1.8; bert: 1.3; resnet18: 1.2; mbconv 0.6, since its depthwise convolutions are
slower in bf16. So it is a choice and no default.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import torch

from regtui import machine
from regtui.spec import Precision


def refusal(precision: Precision, device: torch.device) -> str:
    """Why a device does not train in that precision, a sentence; "" where it does."""
    if precision == "fp32" or (machine.has_bf16() if device.type == "cpu" else _gpu_has_bf16(device)):
        return ""
    return (
        f"precision is bf16, which {device} computes in software here, slower than fp32; allowed is fp32, or a CPU "
        "with AVX512-BF16 or AMX, or a GPU from Ampere on"
    )


def autocast(precision: Precision, device: torch.device) -> AbstractContextManager[object]:
    """Around a forward pass. No cache of rounded weights: each is used once, and a CUDA graph must not hold one."""
    if precision == "fp32":
        return nullcontext()
    return torch.autocast(device.type, torch.bfloat16, cache_enabled=False)


def memory_format(precision: Precision, device: torch.device) -> torch.memory_format:
    """How convolutions want their weights laid out.

    Measured on one CPU thread, 6-conv CNN of width 8, batch 32, fp32: 5.4 ms a step channels-last, 9.3 ms contiguous.
    The tensor cores of a GPU want bf16 channels-last; in fp32 it does not help there.
    """
    return torch.channels_last if device.type == "cpu" or precision == "bf16" else torch.contiguous_format


def _gpu_has_bf16(device: torch.device) -> bool:
    with torch.cuda.device(device):
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
