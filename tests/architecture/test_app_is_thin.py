"""`app.py` decides nothing: import-linter cannot have it as a root package, so this test guards it."""

from __future__ import annotations

import ast

from tests.architecture.source import ROOT, imports, parsed

APP = ROOT / "app.py"
MOST_LINES = 120
MOST_STATEMENTS = 4

ALLOWED = {
    "chalice": "the framework",
    "collections": "a type in a signature",
    "typing": "a type in a signature",
    "chalicelib.api": "the routes",
    "chalicelib.wiring": "the services",
    "chalicelib.config": "the settings",
    "chalicelib.log": "the form of the logs, set once per process",
    "chalicelib.invocation": "whose function runs, and how long it may",
    "chalicelib.operations": "the verbs that handlers call",
}


def _allowed(name: str) -> bool:
    return name == "__future__" or any(name == room or name.startswith(f"{room}.") for room in ALLOWED)


def test_it_imports_its_neighbours_and_nothing_else() -> None:
    """Neither an adapter, nor the domain, nor a vendor but Chalice, nor anything else of the standard library."""
    names = {name for name in imports(APP) if name not in {"chalicelib", "__future__", "__future__.annotations"}}
    assert sorted(name for name in names if not _allowed(name)) == []


def test_it_is_short() -> None:
    """120 lines are enough for handlers that hand on."""
    assert len(APP.read_text(encoding="utf-8").splitlines()) <= MOST_LINES


def test_its_handlers_hand_on() -> None:
    """No handler has more than a handful of statements."""
    handlers = [node for node in parsed(APP).body if isinstance(node, ast.FunctionDef)]
    assert handlers
    for handler in handlers:
        assert sum(isinstance(node, ast.stmt) for node in handler.body) <= MOST_STATEMENTS, handler.name


def test_it_catches_nothing() -> None:
    """A failure must reach the error metric: no handler has a `try`."""
    assert not [node for node in ast.walk(parsed(APP)) if isinstance(node, ast.Try)]
