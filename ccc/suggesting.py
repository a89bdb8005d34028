"""A group of commands that answers a mistyped name with the nearest ones."""

from __future__ import annotations

import difflib

import click


class Suggesting(click.Group):
    """A click group whose complaint about an unknown command names those that look like it."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that `args` begin with; raises UsageError, with a suggestion where there is one."""
        known = self.list_commands(ctx)
        near = [] if not args or args[0] in known else difflib.get_close_matches(args[0], known, n=2)
        if near:
            names = " or ".join(repr(name) for name in near)
            raise click.UsageError(f"No such command {args[0]!r}: did you mean {names}?", ctx)
        return super().resolve_command(ctx, args)
