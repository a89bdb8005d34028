"""What one box is told by the environment: its folder, its ports, and which provider it works with.

The emulator is the provider unless `HCLOUD_TOKEN` is set and `HCLOUD_ENDPOINT` is not. Every other `CCC_…` variable is
the product's: it is passed on, and wins over what one box would compose (`product_environment`).
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

STACKS = ("onebox", "aws")
REAL_ENDPOINT = "https://api.hetzner.cloud/v1"
CHECKOUT = Path(__file__).resolve().parent.parent


class WrongSettings(Exception):
    """A variable has a value that cannot be used; the message names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxSettings:
    """Ports are on 127.0.0.1; `latency` is the emulator's share of real latencies; `real_token` None means emulated.

    `stack` is what the service is made of: `onebox`, or `aws` for the packaged functions with stand-ins around them.

    `installer` is the folder whose `nixos-anywhere` installs the emulator's servers (`ONEBOX_INSTALLER`): the stand-in,
    unless somebody wants to see another one at work.
    """

    home: Path
    port: int
    emulator_port: int
    latency: float
    installer: Path
    real_token: str | None = field(repr=False)
    variables: Mapping[str, str] = field(repr=False)
    stack: str = "onebox"

    @property
    def emulated(self) -> bool:
        """Whether our own emulator is the provider."""
        return self.real_token is None

    @property
    def provider(self) -> str:
        """The provider's name for people and files."""
        return "emulator" if self.emulated else "hetzner"

    @property
    def endpoint(self) -> str:
        """The provider's address, ending in /v1."""
        return f"http://127.0.0.1:{self.emulator_port}/v1" if self.emulated else REAL_ENDPOINT


def environment() -> Mapping[str, str]:
    """The environment of this process."""
    return os.environ  # noqa: TID251 -- one box composes the product's environment out of this one


def box_settings(variables: Mapping[str, str]) -> BoxSettings:
    """Read the settings; raises WrongSettings."""
    token = variables.get("HCLOUD_TOKEN") if not variables.get("HCLOUD_ENDPOINT") else None
    port, emulator_port = _port(variables, "CCC_PORT", 8000), _port(variables, "CCC_EMULATOR_PORT", 8001)
    if port == emulator_port and not token:
        raise WrongSettings(f"CCC_PORT and CCC_EMULATOR_PORT are both {port}: each needs a port of its own.")
    if variables.get("CCC_SSH_PORT"):
        _port(variables, "CCC_SSH_PORT", 22)
    if variables.get("CCC_TRUSTED_PROXY"):
        _ip(variables, "CCC_TRUSTED_PROXY")
    return BoxSettings(
        # one folder has one name, by which the processes of an earlier life are found
        home=Path(variables.get("CCC_HOME") or CHECKOUT / "var").resolve(),
        port=port,
        emulator_port=emulator_port,
        latency=_latency(variables.get("CCC_EMULATOR_LATENCY") or "0.02"),
        installer=_installer(variables),
        real_token=token or None,
        variables=variables,
        stack=_stack(variables),
    )


def _stack(variables: Mapping[str, str]) -> str:
    text = variables.get("ONEBOX_STACK") or STACKS[0]
    if text not in STACKS:
        raise WrongSettings(f"STACK must be {' or '.join(STACKS)}, not {text!r}.")
    return text


def _port(variables: Mapping[str, str], name: str, default: int) -> int:
    text = variables.get(name) or str(default)
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and 1 <= int(text) <= 65535):  # noqa: PLR2004 -- TCP's range
        raise WrongSettings(f"{name} must be a port from 1 to 65535, not {text!r}.")
    return int(text)


def _ip(variables: Mapping[str, str], name: str) -> None:
    try:
        ipaddress.ip_address(variables[name])
    except ValueError as error:
        raise WrongSettings(f"{name} must be one IP address, not {variables[name]!r}.") from error


def _installer(variables: Mapping[str, str]) -> Path:
    given = variables.get("ONEBOX_INSTALLER")
    if not given:
        return CHECKOUT / "onebox" / "bin"
    folder = Path(given).resolve()
    if not os.access(folder / "nixos-anywhere", os.X_OK):
        raise WrongSettings(f"ONEBOX_INSTALLER must be a folder with a program nixos-anywhere in it, not {given!r}.")
    return folder


def _latency(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 10:  # noqa: PLR2004 -- ten times real is slower than anybody waits
        raise WrongSettings(f"CCC_EMULATOR_LATENCY must be a number from 0 to 10, not {text!r}.")
    return value
