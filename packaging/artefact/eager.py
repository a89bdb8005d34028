"""Everything that our code imports anywhere, functions included: what would be loaded if nothing were put off."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path


def modules(folder: Path) -> list[str]:
    """The names of `app`, of all modules in `chalicelib`, and of all that any of them imports, in order."""
    sources = [folder / "app.py", *sorted((folder / "chalicelib").rglob("*.py"))]
    found = {_name(source.relative_to(folder)) for source in sources}
    for source in sources:
        found.update(_imported(_run(ast.parse(source.read_bytes()).body)))
    return sorted(found)


def _name(path: Path) -> str:
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


def _run(body: Iterable[ast.stmt]) -> Iterator[ast.AST]:
    """All that can run: not what stands below `if TYPE_CHECKING`, which is there for readers."""
    for statement in body:
        if not (isinstance(statement, ast.If) and ast.unparse(statement.test).endswith("TYPE_CHECKING")):
            yield from ast.walk(statement)


def _imported(nodes: Iterable[ast.AST]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
