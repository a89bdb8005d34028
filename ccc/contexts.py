"""The services this person knows by name: `config.json` with address and token of each, and which is current.

The shape is `{"current": NAME or null, "contexts": {NAME: {"url": URL, "token": TOKEN}}}`, mode 0600, replaced
atomically under a lock, so that several starters may add theirs at once. A file that cannot be read is reported
and never overwritten.
"""

from __future__ import annotations

import fcntl
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ccc.environment import read_environment
from ccc.errors import WrongUse
from ccc.private_file import write_private

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """One service: its address without a trailing slash, and the token that opens it."""

    url: str
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contexts:
    """All known services by name; `current` names one of them or is None."""

    current: str | None = None
    by_name: dict[str, Context] = field(default_factory=dict)

    def named(self, name: str) -> Context:
        """Return the context of that name; raises WrongUse."""
        if name not in self.by_name:
            raise WrongUse(f"There is no context named {name!r}.", next_command="ccc context list")
        return self.by_name[name]

    def having(self, name: str, context: Context, *, current_if_none: bool = True) -> Contexts:
        """Return these with one more (or that one replaced); raises WrongUse for an unusable name."""
        if not NAME.fullmatch(name):
            raise WrongUse("A context's name is 1 to 64 letters, digits, dots, dashes and underscores.")
        current = name if self.current is None and current_if_none else self.current
        return Contexts(current=current, by_name={**self.by_name, name: context})

    def using(self, name: str) -> Contexts:
        """Return these with `name` current; raises WrongUse."""
        self.named(name)
        return replace(self, current=name)

    def without(self, name: str) -> Contexts:
        """Return these without `name`; nothing is current when it was; raises WrongUse."""
        self.named(name)
        rest = {key: context for key, context in self.by_name.items() if key != name}
        return Contexts(current=None if self.current == name else self.current, by_name=rest)


def contexts_path() -> Path:
    """Return where the contexts are kept: `$XDG_CONFIG_HOME/ccc/config.json`."""
    return read_environment().config_folder / "config.json"


def load_contexts(path: Path | None = None) -> Contexts:
    """Return the contexts on disk, none when there is no file; raises WrongUse for an unreadable one."""
    path = path or contexts_path()
    try:
        return _parsed(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return Contexts()
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise WrongUse(f"{path} is not a configuration of ccc ({type(error).__name__}): mend or remove it.") from error


def change_contexts(change: Callable[[Contexts], Contexts], path: Path | None = None) -> Contexts:
    """Load, change and save under a lock; return what is saved. Raises WrongUse."""
    path = path or contexts_path()
    try:
        with _locked(path):
            changed = change(load_contexts(path))
            write_private(path, _rendered(changed))
    except OSError as error:
        raise WrongUse(f"{path} cannot be written: {error.strerror or error}.") from error
    return changed


def save_context(name: str, url: str, token: str, *, current_if_none: bool = True, path: Path | None = None) -> None:
    """Add or replace one context; it becomes current only when none is and `current_if_none`. Raises WrongUse."""
    context = Context(url=url.rstrip("/"), token=token)
    change_contexts(lambda known: known.having(name, context, current_if_none=current_if_none), path)


def _parsed(document: Any) -> Contexts:
    by_name = {
        str(name): Context(url=str(entry["url"]), token=str(entry["token"]))
        for name, entry in document["contexts"].items()
    }
    current = document.get("current")
    return Contexts(current=current if current in by_name else None, by_name=by_name)


def _rendered(contexts: Contexts) -> str:
    entries = {name: {"url": one.url, "token": one.token} for name, one in contexts.by_name.items()}
    return json.dumps({"current": contexts.current, "contexts": entries}, indent=2) + "\n"


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (path.parent / "config.lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
