"""Telling the world that the stack is ready: the shell's file, the CLI's context, and the line on standard output."""

from __future__ import annotations

import shlex
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from ccc.away import LOOPBACK
from ccc.contexts import load_contexts, save_context
from ccc.errors import CliError
from onebox.console import Console
from onebox.home import Home
from onebox.whole_file import replace_file

PATIENCE_SECONDS = 0.5
"""How long another box may take to accept a connection before it is said to be away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """What there is to tell; `url` has no trailing slash, `endpoint` is the provider's and ends in /v1."""

    url: str
    port: int
    token: str = field(repr=False)
    provider: str
    endpoint: str
    hetzner_token: str = field(repr=False)

    def make(self, home: Home, console: Console) -> None:
        """Write the file, save the context (a failure is only said), and print the line, in this order."""
        replace_file(home.environment, self._lines())
        self._tell_the_cli(console)
        scripts = f"(for scripts: . {shlex.quote(str(home.environment))})"
        console.ready(f"ready {self.url} provider {self.provider} {self.endpoint} {scripts}")

    def _tell_the_cli(self, console: Console) -> None:
        name = f"onebox-{self.port}"
        try:
            save_context(name, self.url, self.token, current_if_none=True)
            known = load_contexts()
        except (CliError, OSError) as error:
            console.remark(f"the context {name} was not saved: {error}")
            return
        current = known.by_name.get(known.current or "")
        if current is None or known.current == name:
            console.remark(f"the CLI's current context is {name}: bin/ccc talks to this box")
            return
        away = "" if _may_answer(current.url) else ", where nothing answers now"
        console.remark(f"the CLI's current context is {known.current}{away}; for this box: bin/ccc context use {name}")

    def _lines(self) -> str:
        variables: Mapping[str, str] = {
            "CCC_URL": self.url,
            "CCC_TOKEN": self.token,
            "HCLOUD_ENDPOINT": self.endpoint,
            "HCLOUD_TOKEN": self.hetzner_token,
        }
        return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in variables.items())


def _may_answer(url: str) -> bool:
    """Whether somebody listens at an address of this machine; others are not asked, and believed."""
    parts = urlsplit(url)
    if parts.hostname not in LOOPBACK or parts.port is None:
        return True
    try:
        with socket.create_connection((parts.hostname, parts.port), timeout=PATIENCE_SECONDS):
            return True
    except OSError:
        return False
