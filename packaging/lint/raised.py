"""The alarms that the product can raise, read from its code: the first argument of every `raise_alarm`.

It must be a plain text there, since whoever looks for an alarm looks for its name.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path


class NotPlain(Exception):
    """An alarm whose name is made when the program runs; the text is the place."""


def raised(folder: Path) -> dict[str, set[str]]:
    """The names of alarms with the files that raise them; NotPlain."""
    found: dict[str, set[str]] = {}
    for file in sorted(folder.rglob("*.py")):
        for name in _names(file):
            found.setdefault(name, set()).add(str(file.relative_to(folder)))
    return found


def _names(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"), str(file))):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        if node.func.attr == "raise_alarm":
            if not node.args or not isinstance(node.args[0], ast.Constant) or not isinstance(node.args[0].value, str):
                raise NotPlain(f"{file}:{node.lineno}")
            yield node.args[0].value
