"""Bugs that are planted on purpose, to see that somebody would notice: a text of a function, and what stands instead.

A bug is planted by compiling the changed source of the function's own module and lending the one function its code, so
that everybody who has imported it meets the bug, and only while it lasts. A text that is not there (any more) is an
error: a bug that cannot be planted shows nothing.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FunctionType, ModuleType
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Bug:
    """In `function` of `module` the text `right`, which is there once, becomes `wrong`; dots lead into classes."""

    name: str
    module: ModuleType
    function: str
    right: str
    wrong: str


@contextmanager
def planted(bug: Bug) -> Iterator[None]:
    """Let the bug be there for a while; ValueError when its text is not in the function, or not once."""
    function = _found(vars(bug.module), bug.function)
    healthy = function.__code__
    function.__code__ = _sick(bug, inspect.getsource(function))
    try:
        yield
    finally:
        function.__code__ = healthy


def _sick(bug: Bug, source: str) -> Any:
    if source.count(bug.right) != 1:
        raise ValueError(f"{bug.name}: the text is in {bug.function} {source.count(bug.right)} times")
    whole = inspect.getsource(bug.module)
    changed = whole.replace(source, source.replace(bug.right, bug.wrong))
    names = {"__name__": bug.module.__name__, "__file__": bug.module.__file__}
    exec(compile(changed, str(bug.module.__file__), "exec"), names)  # noqa: S102 -- the product's own source
    return _found(names, bug.function).__code__


def _found(names: dict[str, Any], path: str) -> FunctionType:
    first, *rest = path.split(".")
    found: Any = names[first]
    for name in rest:
        found = vars(found)[name]
    if not isinstance(found, FunctionType):
        raise TypeError(f"{path} is no function")
    return found
