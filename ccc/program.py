"""How to call this program in a suggestion: `ccc` where the shell finds us by it, else as it was started.

Suggestions are written with a plain `ccc` all over the code; they become pasteable here, at the moment they are shown.
"""

from __future__ import annotations

import re
import shlex
import shutil
import sys
from pathlib import Path

from ccc.environment import read_environment

NAME = "ccc"
# Where a command begins in a suggestion: at its start, after "(" or "(or: ", and after "; ", variables first.
COMMAND = re.compile(r"((?:^|\(|\(or: |; )(?:CCC_[A-Z]+=\S+ )*)ccc (?=\S)")


def program() -> str:
    """Return the word that starts this program again from here, quoted for a shell where it needs to be."""
    return called(read_environment().program or _own_name(), found=shutil.which(NAME))


def called(started: str | None, *, found: str | None) -> str:
    """Return how to call what was `started` (None: unknown), when the shell finds `found` under our name."""
    if started is None or "/" not in started or (found and _same(started, found)):
        return NAME
    return shlex.quote(started)


def pasteable(suggestion: str) -> str:
    """Return the suggestion with every command of ours as one would have to type it."""
    name = program()
    return COMMAND.sub(lambda found: f"{found.group(1)}{name} ", suggestion)


def _own_name() -> str | None:
    """Return the path of the installed script, None when it was started in another way (`python -m ccc`, a test)."""
    return sys.argv[0] if sys.argv and Path(sys.argv[0]).name == NAME else None


def _same(one: str, other: str) -> bool:
    return Path(one).resolve() == Path(other).resolve()
