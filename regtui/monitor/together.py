"""A training that several processes make together ends on all of them at the same step.

Only the first one watches and hears that it is to end. Were it to stop alone, the others would wait for it for ever.
"""

from __future__ import annotations

import torch
import torch.distributed as dist

EVERY = 50
"""Steps from one agreement to the next: each takes an exchange between all processes."""


def ranks() -> int:
    """Processes that train together."""
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def rank() -> int:
    """The number of this one."""
    return dist.get_rank() if dist.is_available() and dist.is_initialized() else 0


def agreed(flag: bool, step: int, device: torch.device) -> bool:
    """Whether any process wants it; where there are several, at every `EVERY`-th step alone.

    step    counted alike in all processes, which all must ask
    device  of this process's part of the model
    """
    if ranks() == 1:
        return flag
    if step % EVERY:
        return False
    wanted = torch.tensor(float(flag), device=device)
    dist.all_reduce(wanted, op=dist.ReduceOp.MAX)
    return bool(wanted)
