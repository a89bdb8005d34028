"""What all verbs share: options for address, token, context and form of output, before or after the verb."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import click


@dataclass(frozen=True, slots=True, kw_only=True)
class Flags:
    """The common options as typed; None where one was not typed."""

    url: str | None = None
    token: str | None = field(default=None, repr=False)
    context: str | None = None
    output: str = "text"


def flags_of(ctx: click.Context) -> Flags:
    """Return the common options; the one nearest to the verb wins."""
    meta = ctx.meta
    return Flags(
        url=meta.get("ccc.url"),
        token=meta.get("ccc.token"),
        context=meta.get("ccc.context"),
        output=meta.get("ccc.output") or "text",
    )


def wants_json(ctx: click.Context) -> bool:
    """Tell whether stdout is to hold one JSON document."""
    return flags_of(ctx).output == "json"


ABOUT: dict[str, tuple[str | None, str]] = {
    "url": ("URL", "Address of the service [CCC_URL]."),
    "token": ("TOKEN", "Operator or manage token [CCC_TOKEN]."),
    "context": ("NAME", "A service saved with `ccc context add`."),
    "output": (None, "Form of the answer on stdout."),
}


def common_options(*, without: str | None = None) -> list[click.Parameter]:
    """Return the options that the group and every verb accept, one left out where a verb means another thing by it."""
    return [_option(name, *about) for name, about in ABOUT.items() if name != without]


class Verb(click.Command):
    """A command that also accepts the common options."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params.extend(common_options())


def example(*lines: str) -> str:
    """Return an epilog that shows `lines` as typed."""
    return "\b\nExample:\n" + "\n".join(f"  {line}" for line in lines)


def _option(name: str, metavar: str | None, about: str) -> click.Parameter:
    return click.Option(
        [f"--{name}"],
        metavar=metavar,
        help=about,
        type=click.Choice(["text", "json"]) if name == "output" else None,
        expose_value=False,
        callback=_remember,
    )


def _remember(ctx: click.Context, param: click.Parameter, value: str | None) -> None:
    if value is not None:
        ctx.meta[f"ccc.{param.name}"] = value
