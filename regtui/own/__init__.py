"""Data and models of the user's own: free of torch, since the screen speaks of them as well as the engine.

What looks at data is imported when it is first asked for: most sessions never do, and every start would wait for it.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from regtui.own.names import OwnDataError, is_own, label, located, path_of

if TYPE_CHECKING:
    from regtui.own.adopted import Adopted, adopt, described, filled
    from regtui.own.freshness import why_stale
    from regtui.own.pictures import SIZES

__all__ = [
    "SIZES",
    "Adopted",
    "OwnDataError",
    "adopt",
    "described",
    "filled",
    "is_own",
    "label",
    "located",
    "path_of",
    "why_stale",
]

_LATER = {
    "Adopted": "adopted", "adopt": "adopted", "described": "adopted", "filled": "adopted", "SIZES": "pictures",
    "why_stale": "freshness",
}  # fmt: skip
"""Name -> the module that has it."""


def __getattr__(name: str) -> Any:
    """Import what was asked for. Raises AttributeError."""
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
