"""The alarms that the product can raise, read from its code: the event's name in every `raise_alarm`.

It must be a plain text there, since whoever looks for an alarm looks for its name. A function that only hands on the
name it was given (`raise_seldom(…, event, …)`) is followed to those who call it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

RAISES = {"raise_alarm": 0}
"""The port's own method, and where the name stands among its arguments."""


class NotPlain(Exception):
    """An alarm whose name is made when the program runs; the text is the place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Call:
    """A call of something that raises an alarm, in the function that makes it (None: in none)."""

    file: Path
    line: int
    named: ast.expr | None
    within: ast.FunctionDef | None


def raised(folder: Path) -> dict[str, set[str]]:
    """The names of alarms with the files that raise them; NotPlain."""
    trees = {file: ast.parse(file.read_text(encoding="utf-8"), str(file)) for file in sorted(folder.rglob("*.py"))}
    found: dict[str, set[str]] = {}
    for call in _calls(trees, _carriers(trees)):
        if isinstance(call.named, ast.Constant) and isinstance(call.named.value, str):
            found.setdefault(call.named.value, set()).add(str(call.file.relative_to(folder)))
        elif _handed_on(call) is None:
            raise NotPlain(f"{call.file}:{call.line}")
    return found


def _carriers(trees: Mapping[Path, ast.Module]) -> dict[str, int]:
    """Whatever raises an alarm that its caller names, and where the name stands among its arguments."""
    known: dict[str, int] = {}
    wider = dict(RAISES)
    while wider != known:
        known = wider
        handed = ((call.within, _handed_on(call)) for call in _calls(trees, known))
        wider = known | {
            within.name: at
            for within, at in handed
            if within is not None and at is not None and within.name not in known
        }
    return known


def _calls(trees: Mapping[Path, ast.Module], carriers: Mapping[str, int]) -> Iterator[_Call]:
    for file, tree in trees.items():
        for within, node in _nodes(tree, None):
            name = _called(node)
            if isinstance(node, ast.Call) and name in carriers:
                at = carriers[name]
                yield _Call(
                    file=file,
                    line=node.lineno,
                    named=node.args[at] if at < len(node.args) else None,
                    within=within,
                )


def _nodes(parent: ast.AST, within: ast.FunctionDef | None) -> Iterator[tuple[ast.FunctionDef | None, ast.AST]]:
    """Every node with the function that it is in."""
    for node in ast.iter_child_nodes(parent):
        yield within, node
        yield from _nodes(node, node if isinstance(node, ast.FunctionDef) else within)


def _called(node: ast.AST) -> str:
    """The last name of what a call calls; empty for anything else."""
    called = node.func if isinstance(node, ast.Call) else None
    if isinstance(called, ast.Attribute):
        return called.attr
    return called.id if isinstance(called, ast.Name) else ""


def _handed_on(call: _Call) -> int | None:
    """Where the name that a call hands on stands among the arguments of the function around it; None: it does not."""
    if call.within is None or not isinstance(call.named, ast.Name):
        return None
    given = [each.arg for each in call.within.args.args if each.arg != "self"]
    return given.index(call.named.id) if call.named.id in given else None
