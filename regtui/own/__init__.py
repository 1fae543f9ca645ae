"""Data and models of the user's own: free of torch, since the screen speaks of them as well as the engine."""

from regtui.own.adopted import Adopted, adopt, described, filled
from regtui.own.names import OwnDataError, is_own, label, located, path_of
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
]
