"""A group of commands that answers a mistyped name with the nearest ones, and another tool's word with ours."""

from __future__ import annotations

import difflib

import click

_MADE, _ENDED = ("provision", "add"), ("deprovision", "remove")
MEANT: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("create", "new", "order", "signup", "start"), _MADE),
    **dict.fromkeys(("delete", "destroy", "end", "kill", "remove", "rm", "stop", "terminate"), _ENDED),
    **dict.fromkeys(("ls", "ps"), ("list",)),
    **dict.fromkeys(("describe", "get", "info", "show"), ("status", "show")),
    **dict.fromkeys(("login", "connect"), ("ssh",)),
    **dict.fromkeys(("contexts", "config"), ("context",)),
    **dict.fromkeys(("switch", "select", "set"), ("use",)),
    "log": ("logs",),
    "prices": ("types",),
    "renew": ("extend",),
    "explain": ("why",),
    "help": ("--help",),
    "version": ("--version",),
}
"""What somebody may mean who knows other tools: the first of these that the group has."""


class Suggesting(click.Group):
    """A click group whose complaint about an unknown command names what was probably meant."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that `args` begin with; raises UsageError, with a suggestion where there is one."""
        known = self.list_commands(ctx)
        near = [] if not args or args[0] in known else self._near(args[0], known)
        if near:
            names = " or ".join(repr(name) for name in near)
            raise click.UsageError(f"No such command {args[0]!r}: did you mean {names}?", ctx)
        return super().resolve_command(ctx, args)

    def _near(self, typed: str, known: list[str]) -> list[str]:
        """Return the commands or options that were probably meant, none where nothing is near."""
        options = {"--help", *(option for parameter in self.params for option in parameter.opts)}
        meant = next((name for name in MEANT.get(typed.lower(), ()) if name in {*known, *options}), None)
        return [meant] if meant else difflib.get_close_matches(typed, known, n=2)
