"""The ID argument of most verbs: 12 hexadecimal digits, sent in lower case, with or without the name's `cc-`."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

import click

from ccc.errors import NotFound

ID = re.compile(r"(?:cc-)?([0-9a-f]{12})")
Command = TypeVar("Command", bound=Callable[..., object])


def instance_argument(command: Command) -> Command:
    """Add the ID argument to a command.

    Anything of another shape is an instance that does not exist (NotFound), and nothing is sent.
    """
    return click.argument("instance_id", metavar="ID", callback=_bare)(command)


def optional_instance_argument(command: Command) -> Command:
    """Add the ID argument to a command that can do without one: None where none was typed."""
    return click.argument("instance_id", metavar="[ID]", required=False, callback=_bare_if_typed)(command)


def bare_id(value: str) -> str:
    """Return the id without `cc-`; raises NotFound for what cannot be one."""
    found = ID.fullmatch(value.strip().lower())
    if not found:
        raise NotFound("There is no such instance: an id is 12 characters from 0-9 and a-f.", next_command="ccc list")
    return found.group(1)


def _bare_if_typed(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    return None if value is None else _bare(ctx, param, value)


def _bare(ctx: click.Context, param: click.Parameter, value: str) -> str:
    """Return the bare id; an empty one is a forgotten variable, hence a usage error."""
    if not value.strip():
        raise click.BadParameter("it is empty.", ctx, param)
    return bare_id(value)
