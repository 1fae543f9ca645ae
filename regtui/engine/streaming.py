"""Pictures that stay in a file: mapped into memory, brought to the device batch by batch.

The mapping is shared by all workers of a machine and counts as cache, so pictures may outgrow the memory. The numbers
are those of pictures that lie on the device.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from regtui import machine
from regtui.own.pictures import Prepared

ON_GPU, ON_CPU = 0.5, 0.5
"""Shares of the free memory that pictures may take: the rest is for the network; on a CPU all workers share it."""


def mapped(prepared: Prepared) -> Tensor:
    """(N, H, W, C) uint8, all pictures of a prepared folder; not to be changed."""
    size, channels = prepared.size, prepared.channels
    count = prepared.pictures
    flat = torch.from_file(prepared.pixels, shared=False, size=count * size * size * channels, dtype=torch.uint8)
    return flat.view(count, size, size, channels)


def gathered(pixels: Tensor, rows: Tensor, device: torch.device) -> Tensor:
    """The pictures of some rows as (B, C, H, W) float32 in [0, 1] on a device.

    pixels  (N, H, W, C) uint8 on the CPU
    rows    (B,) long on the CPU
    """
    return pixels[rows].permute(0, 3, 1, 2).contiguous().to(device).to(torch.float32) / 255


def free_memory(device: torch.device) -> int:
    """Bytes that pictures may take on a device."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0] * ON_GPU)
    return int(machine.available_memory() * ON_CPU / machine.cores())


class Streamed:
    """Some pictures of a file with what training asks of a tensor (N, C, H, W)."""

    def __init__(self, pixels: Tensor, rows: Tensor, device: torch.device) -> None:
        """`pixels` as `mapped` gives them; `rows` (N,) long."""
        self._pixels, self._rows = pixels, rows
        self.device = device

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, chosen: slice) -> Tensor:
        return gathered(self._pixels, self._rows[chosen], self.device)

    def index_select(self, dim: int, index: Tensor) -> Tensor:
        """The pictures at these places, as torch.Tensor.index_select along dimension 0."""
        assert dim == 0
        return gathered(self._pixels, self._rows[index.cpu()], self.device)


@dataclass(frozen=True, slots=True)
class StreamedSplit:
    """A split whose pictures stay in their file."""

    inputs: Streamed
    labels: Tensor
    """(N,) long, on the device."""
