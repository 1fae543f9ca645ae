"""Take definitions of the engine into a script, word for word but for annotations, with all that they need.

The functions of the engine are pure on purpose. A script that has the very same ones makes the same numbers, and a
change of the engine is a change of every script written from then on.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator

from regtui.export.script.source import Edit, Source, plain, source

ENGINE = "regtui.engine."

OWN = ("HERE", "SEED", "TRAIN", "VALIDATION", "TEST", "LENGTH", "EPOCHS", "BATCH", "EVALUATION_BATCH", "LR",
       "STEPS_PER_EPOCH", "STEPS", "EVALUATIONS")  # fmt: skip
"""Names of the script itself."""
RENAMED = {
    ("regtui.engine.recalibrate", "BATCH"): "SAMPLES_A_PASS",
    ("regtui.engine.regularizers.auto_augment", "STEPS"): "MAGNITUDES",
}
"""What has another name in a script, whose room for names is a single one."""

Specialize = Callable[[Source, ast.stmt], Iterable[Edit]]
"""Further edits of a definition."""


class Lifted:
    """The definitions of a script, each after those that it needs."""

    def __init__(self, given: Iterable[str] = (), specialize: Specialize | None = None) -> None:
        """`given` names are defined by the script itself."""
        self._given = set(given)
        self._specialize = specialize
        self._texts: dict[str, str] = {}
        self._from: dict[str, str] = {}

    def take(self, module: str, *names: str) -> None:
        """Definitions of `regtui.engine.<module>`, once however often they are asked for.

        Raises LookupError where the engine has no such name, and where two modules use one name for different things:
        a script has a single room for names.
        """
        for name in names:
            self._take(source(ENGINE + module), name)

    def text(self) -> str:
        """All of them; functions and classes with two empty lines between them, constants close together."""
        parts: list[str] = []
        for text in dict.fromkeys(self._texts.values()):
            is_block = text.startswith(("def ", "class ", "@"))
            parts.append(f"\n\n{text}\n" if is_block or not parts or parts[-1].startswith("\n\n") else f"{text}\n")
        return "".join(parts)

    def _take(self, found: Source, name: str) -> None:
        if name in self._given:
            return
        if name in self._from:
            if self._from[name] != found.module:
                raise LookupError(f"{name} is defined in {self._from[name]} and in {found.module}")
            return
        if name not in found.defined:
            raise LookupError(f"{found.module} defines no {name}")
        if name in OWN and (found.module, name) not in RENAMED:
            raise LookupError(f"{name} of {found.module} is a name of the script itself; RENAMED gives it another one")
        self._from[name] = found.module
        node = found.defined[name]
        edits = [*(self._specialize(found, node) if self._specialize else ()), *plain(found, node)]
        edits += [*_without_modules(found, node), *_renamed(found, node)]
        gone = [(edit.start, edit.end) for edit in edits if not edit.text]
        for module, needed in _needs(found, node, gone):
            self._take(module, needed)
        self._texts[name] = found.edited(node, edits)


def _needs(found: Source, root: ast.stmt, gone: list[tuple[int, int]]) -> Iterator[tuple[Source, str]]:
    """Names of the engine that a definition uses, in their order, but for those in places that are taken away."""
    own = {node.id for node in ast.walk(root) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    own |= {node.arg for node in ast.walk(root) if isinstance(node, ast.arg)}
    for node in ast.walk(root):
        if not isinstance(node, (ast.Name, ast.Attribute)):
            continue
        if any(start <= found.start(node) < end for start, end in gone):
            # Of `warp.compose` the name of the module is taken away, and what is found in it stays.
            continue
        if isinstance(node, ast.Name) and node.id in found.defined and node.id not in own:
            if found.defined[node.id] is not root:
                yield found, node.id
        elif isinstance(node, ast.Name) and node.id in found.imported and node.id not in own:
            module, name = found.imported[node.id]
            if module.startswith(ENGINE) and name:
                yield source(module), name
    for node in ast.walk(root):
        if isinstance(node, ast.Attribute) and (module := _module_of(found, node)):
            yield source(module), node.attr


def _without_modules(found: Source, root: ast.stmt) -> Iterator[Edit]:
    """`warp.compose` becomes `compose`."""
    for node in ast.walk(root):
        if isinstance(node, ast.Attribute) and _module_of(found, node):
            yield Edit(found.start(node), found.start(node) + len(found.said(node)) - len(node.attr))


def _renamed(found: Source, root: ast.stmt) -> Iterator[Edit]:
    """New names in code and in the texts that explain it."""
    names = {name: new for (module, name), new in RENAMED.items() if module == found.module}
    for node in ast.walk(root):
        if isinstance(node, ast.Name) and node.id in names:
            yield Edit(found.start(node), found.end(node), names[node.id])
        elif names and isinstance(node, ast.Constant) and isinstance(node.value, str):
            told = re.sub(r"\b[A-Z_]+\b", lambda match: names.get(match[0], match[0]), found.said(node))
            yield Edit(found.start(node), found.end(node), told)


def _module_of(found: Source, node: ast.Attribute) -> str:
    """The module of the engine that an attribute is read from, "" where it is none."""
    if not isinstance(node.value, ast.Name) or node.value.id not in found.imported:
        return ""
    module, name = found.imported[node.value.id]
    path = f"{module}.{name}"
    is_module = module in ("regtui.engine", "regtui.engine.models")
    return path if is_module and name else ""
