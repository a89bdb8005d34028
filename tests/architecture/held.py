"""Whether a test can fail at all, as far as its text tells: it is run everywhere, and it says what must be true.

A mark that skips it or expects it to fail, a body that ends before its first word of proof, a sentence that is true of
everything: such a test holds nothing. What a test proves no text can tell; this finds those that prove nothing.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

MARKS = frozenset({"skip", "skipif", "xfail"})
"""Marks with which a test does not run everywhere, or may fail."""

EXPECTATIONS = frozenset({"raises", "warns", "deprecated_call"})
"""Calls of pytest that fail by themselves where nothing happens."""

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def run_everywhere(module: ast.Module) -> Iterator[ast.FunctionDef]:
    """The functions of a module, and of its classes, that no mark holds back."""
    if _has_marks(module.body):
        return
    for node in module.body:
        if isinstance(node, ast.FunctionDef) and not _is_marked(node):
            yield node
        elif isinstance(node, ast.ClassDef) and not _is_marked(node) and not _has_marks(node.body):
            yield from (each for each in node.body if isinstance(each, ast.FunctionDef) and not _is_marked(each))


def proves(test: ast.FunctionDef) -> bool:
    """Whether a test reaches a sentence that can be false."""
    return any(_can_fail(node) for node in _reached(test.body))


def _is_marked(node: ast.FunctionDef | ast.ClassDef) -> bool:
    return any(_marks(decorator) for decorator in node.decorator_list)


def _marks(node: ast.expr) -> bool:
    """Whether a decorator, or a list of marks, holds a test back; a mark of one parameter among others does not."""
    if isinstance(node, ast.Call):
        return _marks(node.func)
    if isinstance(node, ast.List | ast.Tuple):
        return any(_marks(each) for each in node.elts)
    return isinstance(node, ast.Attribute) and node.attr in MARKS


def _has_marks(body: list[ast.stmt]) -> bool:
    """Whether `pytestmark` of a module or a class holds its tests back."""
    return any(
        isinstance(node, ast.Assign)
        and any(isinstance(to, ast.Name) and to.id == "pytestmark" for to in node.targets)
        and _marks(node.value)
        for node in body
    )


def _reached(body: list[ast.stmt]) -> Iterator[ast.AST]:
    """Everything of a body that is not behind its end, without functions that are only defined there."""
    for statement in body:
        if isinstance(statement, (*_FUNCTIONS, ast.ClassDef)):
            continue
        yield from _outside_functions(statement)
        if isinstance(statement, ast.Return | ast.Raise) or _is_call(statement, frozenset({"skip", "xfail"})):
            return


def _outside_functions(node: ast.AST) -> Iterator[ast.AST]:
    yield node
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, (*_FUNCTIONS, ast.ClassDef, ast.Lambda)):
            yield from _outside_functions(child)


def _is_call(node: ast.AST, names: frozenset[str]) -> bool:
    """Whether it is a call of `pytest.<name>`, alone or as a statement."""
    call = node.value if isinstance(node, ast.Expr) else node
    return (
        isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and isinstance(call.func.value, ast.Name)
        and call.func.value.id == "pytest"
        and call.func.attr in names
    )


def _can_fail(node: ast.AST) -> bool:
    if isinstance(node, ast.Assert):
        return not _is_true_of_everything(node.test)
    return _is_call(node, EXPECTATIONS)


def _is_true_of_everything(sentence: ast.expr) -> bool:
    """A constant, or something compared with itself: nothing that happened in the test can make it false."""
    if isinstance(sentence, ast.Compare):
        sides = [ast.dump(side) for side in (sentence.left, *sentence.comparators)]
        if len(set(sides)) == 1:
            return True
    return not any(isinstance(node, ast.Name) for node in ast.walk(sentence))
