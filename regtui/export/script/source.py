"""The engine's own source as text that can be cut and edited, without importing it (it would load torch)."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from regtui.paths import PACKAGE

_PRAGMA = re.compile(r" *# (?:type: ignore|noqa|fmt: skip).*$", re.MULTILINE)
"""Comments to tools, which say nothing to a reader."""

_SIGNATURE = re.compile(r"^( *def \w+)\(\n(.*?),?\n *\):", re.MULTILINE | re.DOTALL)
"""One of several lines."""


@dataclass(frozen=True, slots=True)
class Edit:
    """Characters of a module to exchange."""

    start: int
    end: int
    text: str = ""


class Source:
    """One module of the engine: its text, and what is defined and imported at its top."""

    def __init__(self, module: str) -> None:
        """`module` as in regtui.engine.warp. Raises OSError where its source is not there."""
        self.module = module
        self.text = PACKAGE.parent.joinpath(*module.split(".")).with_suffix(".py").read_text(encoding="utf-8")
        self.tree = ast.parse(self.text)
        lines = self.text.encode().splitlines(keepends=True)
        self._starts = [0]
        for line in lines:  # ast counts columns in bytes
            self._starts.append(self._starts[-1] + len(line))
        self._bytes = self.text.encode()
        self.defined: dict[str, ast.stmt] = {}
        self.literals: dict[str, ast.stmt] = {}
        """The text that explains a constant, by its name."""
        self.imported: dict[str, tuple[str, str]] = {}
        """What a name stands for: module and name in it, "" for the module itself."""
        for before, node in zip([None, *self.tree.body], self.tree.body, strict=False):
            self._note(before, node)

    def _note(self, before: ast.stmt | None, node: ast.stmt) -> None:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            self.defined[node.name] = node
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            for target in [node.target] if isinstance(node, ast.AnnAssign) else node.targets:
                for name in ast.walk(target):
                    if isinstance(name, ast.Name):
                        self.defined[name.id] = node
        elif isinstance(node, ast.Expr) and isinstance(before, (ast.Assign, ast.AnnAssign)):
            self.literals[ast.dump(before)] = node
        elif isinstance(node, ast.Import):
            self.imported |= {(alias.asname or alias.name): (alias.name, "") for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            self.imported |= {(alias.asname or alias.name): (node.module or "", alias.name) for alias in node.names}

    def at(self, line: int, column: int) -> int:
        """The byte of a line, from 1, and a column of the tree."""
        return self._starts[line - 1] + column

    def start(self, node: ast.AST) -> int:
        """First byte of a node, decorators included."""
        decorators = getattr(node, "decorator_list", [])
        if decorators:
            return self.at(decorators[0].lineno, decorators[0].col_offset - 1)
        return self.at(node.lineno, node.col_offset)  # type: ignore[attr-defined]

    def end(self, node: ast.AST) -> int:
        """The byte after a node."""
        return self.at(node.end_lineno, node.end_col_offset)  # type: ignore[attr-defined]

    def cut(self, start: int, end: int) -> str:
        """Bytes as text."""
        return self._bytes[start:end].decode()

    def said(self, node: ast.AST) -> str:
        """A node as it was written."""
        return self.cut(self.start(node), self.end(node))

    def find(self, text: str, start: int, end: int) -> int:
        """First byte of the last occurrence between two places."""
        return self._bytes.rindex(text.encode(), start, end)

    def line(self, node: ast.stmt) -> Edit:
        """Take a statement away with its line, the comment behind it included."""
        first, last = getattr(node, "decorator_list", [node])[:1] or [node], node.end_lineno or node.lineno
        return Edit(self._starts[first[0].lineno - 1], self._starts[last])

    def edited(self, node: ast.stmt, edits: Iterable[Edit]) -> str:
        """A definition with the text that explains it, after the edits and without pragmas."""
        literal = self.literals.get(ast.dump(node))
        start, end = self.start(node), self.end(node if literal is None else literal)
        line_end = self._bytes.find(b"\n", end)
        if b"#" in self._bytes[end:line_end]:  # the comment behind a definition of one line
            end = line_end
        text, place = [], start
        for edit in sorted(edits, key=lambda one: (one.start, -one.end)):
            if edit.start < place:  # inside something that is gone
                continue
            text += [self.cut(place, edit.start), edit.text]
            place = edit.end
        text.append(self.cut(place, end))
        return _SIGNATURE.sub(_on_one_line, _PRAGMA.sub("", "".join(text)))


def _on_one_line(found: re.Match[str]) -> str:
    """A signature that fits on one line without its annotations."""
    line = f"{found[1]}({' '.join(found[2].split())}):"
    return line if len(line) <= 120 else found[0]


@cache
def source(module: str) -> Source:
    """A module, read once."""
    return Source(module)


def plain(found: Source, root: ast.stmt) -> Iterator[Edit]:
    """Edits that take annotations away, but for those of data classes, which need them."""
    for node in ast.walk(root):
        if isinstance(node, ast.FunctionDef):
            if node.returns is not None:
                arrow = found.find("->", found.start(node), found.start(node.returns))
                yield Edit(arrow - 1, found.end(node.returns))
            yield from _bare_arguments(found, node.args)
        elif isinstance(node, ast.AnnAssign) and not _of_data_class(root, node):
            if node.value is not None:
                yield Edit(found.end(node.target), found.end(node.annotation))
        elif isinstance(node, ast.ClassDef) and not node.decorator_list:
            yield from _without_fields(found, node)


def _bare_arguments(found: Source, arguments: ast.arguments) -> Iterator[Edit]:
    positional = [*arguments.posonlyargs, *arguments.args]
    defaults: list[ast.expr | None] = [None] * (len(positional) - len(arguments.defaults)) + list(arguments.defaults)
    rows = [*zip(positional, defaults, strict=True), *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)]
    rows += [(extra, None) for extra in (arguments.vararg, arguments.kwarg) if extra is not None]
    for argument, default in rows:
        if argument.annotation is None:
            continue
        name_end = found.start(argument) + len(argument.arg.encode())
        if default is None:
            yield Edit(name_end, found.end(argument.annotation))
        else:
            yield Edit(name_end, found.start(default), "=")


def _of_data_class(root: ast.stmt, node: ast.AnnAssign) -> bool:
    classes = [one for one in ast.walk(root) if isinstance(one, ast.ClassDef) and node in one.body]
    return bool(classes and classes[0].decorator_list)


def _without_fields(found: Source, node: ast.ClassDef) -> Iterator[Edit]:
    """Fields that are only declared go, with the text that explains them and the empty line after them."""
    for i, (field, after) in enumerate(zip(node.body, [*node.body[1:], None], strict=True)):
        if not isinstance(field, ast.AnnAssign) or field.value is not None:
            continue
        gone = found.line(field)
        is_told = isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
        end = found.line(after).end if is_told and after is not None else gone.end
        following = node.body[i + (2 if is_told else 1)] if len(node.body) > i + (2 if is_told else 1) else None
        if following is not None and not isinstance(following, ast.AnnAssign):
            end = found.at(getattr(following, "decorator_list", [following])[0].lineno
                           if getattr(following, "decorator_list", []) else following.lineno, 0)  # fmt: skip
        yield Edit(gone.start, end)
