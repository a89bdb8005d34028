"""What goes where: facts and the one JSON document to stdout, everything else to stderr.

Text that came from elsewhere passes `plain` first, so that no answer can steer the terminal.
"""

from __future__ import annotations

import json
import re
import sys
from typing import Any, TextIO

import click

from ccc.environment import read_environment
from ccc.program import pasteable

# C0 without tab and newline, DEL, C1, and the characters that reorder text on a terminal.
STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def plain(text: object) -> str:
    """Return `text` with every character that could steer a terminal shown as `?`."""
    return STEERING.sub("?", str(text))


def tell(text: str = "") -> None:
    """Write one line of the answer to stdout; raises BrokenPipeError when nobody reads it any more."""
    click.echo(plain(text))


def say(text: str) -> None:
    """Write one line beside the answer to stderr."""
    click.echo(plain(text), err=True)


def say_next(*commands: str) -> None:
    """Write the commands that make sense now to stderr, one a line, as they have to be typed."""
    for index, command in enumerate(commands):
        say(("      " if index else "Next: ") + pasteable(command))


def emit(document: Any) -> None:
    """Write the one JSON document of this command to stdout, in ASCII."""
    click.echo(json.dumps(document, indent=2))


def is_terminal(stream: TextIO | None) -> bool:
    """Tell whether a person looks at `stream` (a closed stream is nobody's)."""
    return stream is not None and not stream.closed and stream.isatty()


def person_present() -> bool:
    """Tell whether a question would be seen and could be answered."""
    return is_terminal(sys.stdin) and is_terminal(sys.stdout)


def heading(text: str) -> str:
    """Return `text` in bold where stdout is a terminal that wants it."""
    environment = read_environment()
    wanted = is_terminal(sys.stdout) and not (environment.no_color or environment.dumb_terminal)
    return click.style(text, bold=True) if wanted else text
