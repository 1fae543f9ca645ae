"""regtui: a terminal explorer of deep-learning regularization."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from regtui.monitor import Monitor as Monitor

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """`from regtui import Monitor` loads torch; everything else that imports regtui must not."""
    if name == "Monitor":
        from regtui.monitor import Monitor

        return Monitor
    raise AttributeError(f"module 'regtui' has no attribute {name!r}")
