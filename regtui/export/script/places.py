"""A model of the engine without its places: what the stack has put into them stands there, empty ones are gone.

self.conv1_out = Place("conv", "conv1", width)   ->   self.conv1_out = at_conv("conv1", width), or nothing
x = F.relu(self.conv1_out(self.conv1(x)))        ->   x = F.relu(self.conv1(x)) where it is nothing
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, field

from regtui.export.script.source import Edit, Source

MODELS = "regtui.engine.models."


@dataclass(frozen=True, slots=True)
class Emptied:
    """How places are edited, for the sites that the stack of a run fills."""

    filled: Set[str]
    masked: Set[str]
    """Those of the filled sites whose layers are told where a text has words."""
    values: Mapping[str, str]
    """What stands in the place of an expression of the task, as it is written in the engine."""
    task: str
    """The name of what a model is built from, "" where it needs nothing."""
    gone: Set[str] = frozenset()
    """Methods that a script has no use for."""

    def __call__(self, found: Source, root: ast.stmt) -> Iterator[Edit]:
        """The edits of one definition."""
        if not found.module.startswith(MODELS) or not isinstance(root, ast.ClassDef):
            return
        for base in root.bases:
            if isinstance(base, ast.Name) and base.id == "SiteModel":
                yield Edit(found.start(base), found.end(base), "Model")
        for node in root.body:
            if isinstance(node, ast.FunctionDef) and node.name in self.gone:
                gone = found.line(node)
                yield Edit(gone.start - 1, gone.end)  # with the empty line before it
        yield from self._of_task(found, root)
        yield from self._of_places(found, root)

    def _of_task(self, found: Source, root: ast.ClassDef) -> Iterator[Edit]:
        for node in ast.walk(root):
            if isinstance(node, ast.arg) and node.arg == "task" and node.annotation is not None:
                end = found.end(node.annotation)
                if self.task:
                    yield Edit(found.start(node), end, self.task)
                else:
                    yield Edit(found.start(node), end + len(", "))
            elif isinstance(node, ast.Call) and found.said(node).endswith(".__init__(task)"):
                yield Edit(found.start(node), found.end(node), f"super().__init__({self.task})")
            elif isinstance(node, (ast.Attribute, ast.Call)) and (said := found.said(node)) in self.values:
                yield Edit(found.start(node), found.end(node), self.values[said])

    def _of_places(self, found: Source, root: ast.ClassDef) -> Iterator[Edit]:
        places = _Places()
        places.visit(root)
        for node in ast.walk(root):
            if isinstance(node, (ast.Assign, ast.Expr)):
                made = _made(node)
                if made is not None and _site(made) not in self.filled:
                    yield found.line(node)
            if (site := _site(node)) is not None and isinstance(node, ast.Call):
                if site in self.filled:
                    yield Edit(found.start(node), found.start(node.args[1]), f"at_{site}(")
                else:
                    yield Edit(found.start(node), found.end(node), "nn.Identity()")
        for call, parent in places.calls(root):
            yield from self._of_call(found, call, parent, *places.of(call))

    def _of_call(self, found: Source, call: ast.Call, parent: ast.AST, site: str, is_plain: bool) -> Iterator[Edit]:
        argument = call.args[0]
        if site not in self.masked and len(call.args) > 1:
            yield Edit(found.end(argument), found.end(call.args[1]))
        if site in self.filled or not is_plain:
            return
        is_whole = isinstance(parent, (ast.Assign, ast.AnnAssign, ast.Return, ast.Call))
        is_simple = isinstance(argument, (ast.Name, ast.Call, ast.Attribute, ast.Subscript))
        needs_brackets = not (is_whole or is_simple)
        yield Edit(found.start(call), found.start(argument), "(" if needs_brackets else "")
        end = found.end(call.args[-1])
        yield Edit(end, found.end(call), ")" if needs_brackets else "")


@dataclass
class _Places(ast.NodeVisitor):
    """The places of a class: the site of each, and whether it is made by a statement of its own."""

    found: dict[str, tuple[str, bool]] = field(default_factory=dict)
    """By the attribute, or by the tree of the expression that names it."""
    _local: dict[str, str] = field(default_factory=dict)

    def visit_Assign(self, node: ast.Assign) -> None:
        sites = [site for one in ast.walk(node.value) if (site := _site(one)) is not None]
        target = node.targets[0]
        if isinstance(target, ast.Attribute):
            if sites:
                self.found[target.attr] = (sites[0], _site(node.value) is not None)
            elif isinstance(node.value, ast.Name) and node.value.id in self._local:
                self.found[target.attr] = (self._local[node.value.id], False)
        elif sites:
            self._local |= {name.id: sites[0] for name in ast.walk(target) if isinstance(name, ast.Name)}

    def visit_Call(self, node: ast.Call) -> None:
        if isinstance(node.func, ast.Attribute) and node.func.attr == "add_module":
            site = _site(node.args[1])
            if site is not None:
                self.found[ast.dump(node.args[0])] = (site, True)

    def of(self, call: ast.Call) -> tuple[str, bool]:
        """The place that a call goes through."""
        return self.found[_named(call)]

    def calls(self, root: ast.ClassDef) -> Iterator[tuple[ast.Call, ast.AST]]:
        """Calls of places, each with the node that it is part of."""
        for parent in ast.walk(root):
            for node in ast.iter_child_nodes(parent):
                if isinstance(node, ast.Call) and _named(node) in self.found:
                    yield node, parent


def _named(call: ast.Call) -> str:
    """What a call calls: an attribute of self, or what getattr(self, ...) is given."""
    match call.func:
        case ast.Attribute(value=ast.Name(id="self"), attr=name):
            return name
        case ast.Call(func=ast.Name(id="getattr"), args=[_, name]):
            return ast.dump(name)
        case _:
            return ""


def _site(node: ast.AST) -> str | None:
    """The site of `Place("conv", ...)`; None for everything else."""
    match node:
        case ast.Call(func=ast.Name(id="Place"), args=[ast.Constant(value=str(site)), *_]):
            return site
        case _:
            return None


def _made(node: ast.Assign | ast.Expr) -> ast.expr | None:
    """The place that a statement makes and does nothing else."""
    match node:
        case ast.Assign(targets=[ast.Attribute()], value=value) if _site(value) is not None:
            return value
        case ast.Expr(value=ast.Call(func=ast.Attribute(attr="add_module"), args=[_, value])) if (
            _site(value) is not None
        ):
            return value
        case _:
            return None
