"""The files of the repository, as the tests of its shape read them: nothing is imported that is only looked at."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

NOT_OURS = frozenset({".venv", ".git", ".cache", ".hypothesis", "var", "out", "node_modules", "__pycache__"})
"""Folders that are made, fetched or installed."""

PROSE = frozenset({".py", ".md", ".toml", ".nix", ".sh", ".yml", ".yaml", ".json", ".js", ".html", ".css", ".in", ""})
"""Endings of files that people read; what is locked or generated has others."""


def files(folder: Path = ROOT) -> Iterator[Path]:
    """Every file of ours below a folder, in order."""
    for path in sorted(folder.iterdir()):
        if path.name in NOT_OURS:
            continue
        if path.is_dir() and not path.is_symlink():
            yield from files(path)
        elif path.is_file():
            yield path


def python_files() -> list[Path]:
    """Every module of ours."""
    return [path for path in files() if path.suffix == ".py"]


def parsed(path: Path) -> ast.Module:
    """A module's syntax tree."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def imports(path: Path) -> set[str]:
    """The dotted names that a module imports: `a.b` for `import a.b`, `a.b` and `a.b.c` for `from a.b import c`."""
    found: set[str] = set()
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def modules(folder: str) -> set[str]:
    """The names of the modules directly in a folder of the repository."""
    return {path.stem for path in (ROOT / folder).glob("*.py") if path.stem != "__init__"}


def packages(folder: str) -> set[str]:
    """The names of the packages directly in a folder of the repository."""
    return {path.parent.name for path in (ROOT / folder).glob("*/__init__.py")}
