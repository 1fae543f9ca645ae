"""Networks that somebody else builds: torchvision's, timm's, or those of a factory of the user's own."""

from __future__ import annotations

import functools
import hashlib
import importlib
import inspect
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from torch import nn

from regtui.engine.text import PAD
from regtui.engine.told import told
from regtui.scenario.errors import nearest
from regtui.spec import Scalar

CLASSES = ("num_classes", "n_classes", "classes")
CHANNELS = ("in_chans", "in_channels", "input_channels", "channels")
SIDES = ("image_size", "img_size", "input_size")
VOCABULARY = ("vocab_size", "vocabulary_size", "num_embeddings", "num_tokens", "ntoken", "vocab")
LENGTHS = ("max_len", "max_length", "max_seq_len", "seq_len", "length")
PADDING = ("padding_idx", "pad_idx", "pad_id", "pad_token_id")
"""Parameters of a factory that are filled in from the data where it has one of these names."""

Shape = tuple[int, int, int]
"""Of a picture: (C, H, W)."""


class Words(NamedTuple):
    """What a text is."""

    different: int
    """Ids are below it; 0 is padding, 1 the unknown word."""
    length: int
    """Words, padding included."""


def make(name: str, params: Mapping[str, Scalar], classes: int, given: Shape | Words) -> nn.Module:
    """A new network for so many classes of pictures or texts.

    Raises ValueError, with a sentence for people, for a name that leads to none and for parameters that do not fit.
    """
    kind, _, rest = name.partition(":")
    try:
        if kind not in ("torchvision", "timm"):
            net = _own(name, params, classes, given)
        elif isinstance(given, Words):
            raise ValueError(f"{name} takes pictures; texts take a factory of yours (package.module:factory)")
        else:
            net = _of_library(kind, rest, params, classes, given)
    except (ValueError, ImportError, SyntaxError):
        raise
    except Exception as error:  # what a library raises
        raise ValueError(f"the model {name} could not be built: {told(error)}") from error
    if not isinstance(net, nn.Module):
        raise ValueError(f"the model {name} gave a {type(net).__name__}; a factory must give a torch.nn.Module")
    return net


def digest(name: str) -> str:
    """What the code of a model is: the version of its library, or a digest of the factory's source file."""
    kind, _, _ = name.partition(":")
    if kind in ("torchvision", "timm"):
        return f"{kind} {importlib.import_module(kind).__version__}"
    file = _source_of(_factory(name))
    return hashlib.sha256(Path(file).read_bytes()).hexdigest() if file else ""


def _source_of(code: Any) -> str | None:
    """The file of a factory, or of the class of an object that can be called; None for what is written in C."""
    while isinstance(code, functools.partial):
        code = code.func
    for one in (inspect.unwrap(code), type(code)):
        try:
            return inspect.getsourcefile(one)
        except TypeError:
            continue
    return None


def _of_library(
    kind: str, name: str, params: Mapping[str, Scalar], classes: int, shape: tuple[int, int, int]
) -> nn.Module:
    if "weights" in params or params.get("pretrained"):
        raise ValueError(
            f"{kind}:{name} begins with random weights here; a factory of your own (--model package.module:factory) "
            "may load others"
        )
    if kind == "torchvision":
        from torchvision import models

        known = models.list_models(module=models)
        if name not in known:
            raise ValueError(f"torchvision has no model {name!r} for classification{nearest(name, known)}")
        sized = {"image_size": shape[1]} if name.startswith("vit_") and "image_size" not in params else {}
        net: nn.Module = models.get_model(name, weights=None, num_classes=classes, **sized, **params)
        return net
    try:
        import timm
    except ImportError:
        raise ValueError("timm: needs the package timm: pip install 'regtui[timm]'") from None
    if not timm.is_model(name):
        raise ValueError(f"timm has no model {name!r}{nearest(name, timm.list_models())}")
    built: nn.Module = timm.create_model(name, num_classes=classes, in_chans=shape[0], **params)
    return built


def _own(name: str, params: Mapping[str, Scalar], classes: int, given: Shape | Words) -> nn.Module:
    factory = _factory(name)
    try:
        accepted = inspect.signature(factory).parameters
    except (TypeError, ValueError):
        accepted = {}  # type: ignore[assignment]  # a factory in C tells nothing of its parameters
    takes_all = any(p.kind is inspect.Parameter.VAR_KEYWORD for p in accepted.values())
    unknown = [key for key in params if key not in accepted]
    if unknown and not takes_all:
        raise ValueError(f"model.{unknown[0]} is no parameter of {name}{nearest(unknown[0], accepted)}")
    filled: dict[str, Any] = {}
    facts: tuple[tuple[tuple[str, ...], int], ...] = ((CHANNELS, given[0]), (SIDES, given[1]))
    if isinstance(given, Words):
        facts = (VOCABULARY, given.different), (LENGTHS, given.length), (PADDING, PAD)
    for names, value in ((CLASSES, classes), *facts):
        if taken := next((key for key in names if key in accepted), None):
            filled[taken] = value
    try:
        return factory(**{**filled, **params})
    except Exception as error:  # what a factory of somebody else's raises
        raise ValueError(f"the model {name} could not be built: {told(error)}") from error


def _factory(name: str) -> Callable[..., nn.Module]:
    """The callable of package.module:factory; modules of the current directory are found first."""
    module_name, _, path = name.partition(":")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        found: Any = importlib.import_module(module_name)
    except SystemExit as error:
        raise ValueError(
            f"the module {module_name} ends the program when it is imported (SystemExit: {error}); put what it does as "
            "a script behind if __name__ == '__main__':"
        ) from error
    except Exception as error:  # what a module of somebody else's raises when it is imported
        raise ValueError(f"the module {module_name} could not be imported from {here}: {told(error)}") from error
    for part in path.split("."):
        if not hasattr(found, part):
            public = [key for key in vars(found) if not key.startswith("_") and callable(getattr(found, key))]
            raise ValueError(f"the module {module_name} has no {path!r}{nearest(path, public)}")
        found = getattr(found, part)
    if isinstance(found, nn.Module):
        raise ValueError(
            f"{name} is a network that is made already ({type(found).__name__}); name its class, or a function that "
            "makes a new one for each run"
        )
    if not callable(found):
        raise ValueError(f"{name} is a {type(found).__name__}; a factory is a function or a class")
    return found  # type: ignore[no-any-return]
