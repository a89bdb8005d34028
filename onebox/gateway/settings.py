"""What the gateway's process is told by its supervisor, out of the environment.

The product's own settings are read by `chalicelib.config`; the few that both need (the public URL, the maildir) are
taken from the same variables.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewaySettings:
    """`listening` is the number of an open listening socket; `clock` is the offset file, or None where time is real.

    `make_table` names a DynamoDB table to be made, where no deployment does.
    """

    listening: int
    port: int
    public_url: str
    home: Path
    mail: Path | None
    clock: Path | None
    emulated: bool
    provider: str
    expire_leases: bool
    kill_after: str | None
    make_table: str | None
    trusted_proxy: str | None

    @property
    def prefix(self) -> str:
        """The path of the public URL: empty or `/like-this`."""
        return urlsplit(self.public_url).path.rstrip("/")

    @property
    def hosts(self) -> frozenset[str]:
        """The Host headers under which one box's own pages are served."""
        names = {urlsplit(self.public_url).netloc.lower()}
        return frozenset(names | {f"{name}:{self.port}" for name in ("localhost", "127.0.0.1")})


def environment() -> Mapping[str, str]:
    """The environment of this process."""
    return os.environ  # noqa: TID251 -- the gateway is started with its settings here


def gateway_settings(variables: Mapping[str, str]) -> GatewaySettings:
    """The settings; KeyError names a variable that the supervisor did not give."""
    return GatewaySettings(
        listening=int(variables["ONEBOX_LISTENING"]),
        port=int(variables["CCC_PORT"]),
        public_url=variables["CCC_PUBLIC_URL"].rstrip("/"),
        home=Path(variables["CCC_HOME"]),
        mail=_file(variables.get("CCC_MAIL", ""), "maildir"),
        clock=_file(variables.get("CCC_CLOCK", ""), "file"),
        emulated=variables["ONEBOX_PROVIDER"] == "emulator",
        provider=variables["CCC_HETZNER_ENDPOINT"],
        expire_leases=variables.get("ONEBOX_EXPIRE_LEASES") == "1",
        kill_after=variables.get("ONEBOX_KILL_AFTER"),
        make_table=variables.get("ONEBOX_MAKE_TABLE"),
        trusted_proxy=variables.get("CCC_TRUSTED_PROXY") or None,
    )


def _file(url: str, scheme: str) -> Path | None:
    parts = urlsplit(url)
    return Path(unquote(parts.path)) if parts.scheme == scheme else None
