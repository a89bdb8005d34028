"""What the first boot of a stock image does with user_data: the part of cloud-config that decides access.

Anything that is not cloud-config is left alone, as cloud-init leaves it.
"""

from dataclasses import dataclass
from typing import Any

import yaml  # type: ignore[import-untyped,unused-ignore]  # PyYAML ships no types


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstBoot:
    """Keys that open root, the private host key (PEM) if one was planted, and whether passwords expire."""

    root_keys: tuple[str, ...] = ()
    host_key: str | None = None
    expire: bool = True


def read(user_data: str) -> FirstBoot:
    """Return what the cloud-config says; broken YAML says nothing, as on the real machine."""
    if not user_data.startswith("#cloud-config"):
        return FirstBoot()
    try:
        config = yaml.safe_load(user_data)
    except yaml.YAMLError:
        return FirstBoot()
    if not isinstance(config, dict):
        return FirstBoot()
    return FirstBoot(root_keys=_root_keys(config), host_key=_host_key(config), expire=_expires(config))


def _root_keys(config: dict[str, Any]) -> tuple[str, ...]:
    if config.get("disable_root") is True:
        return ()
    lines = _lines(config.get("ssh_authorized_keys"))
    users = config.get("users")
    for user in users if isinstance(users, list) else []:
        if isinstance(user, dict) and user.get("name") == "root":
            lines += _lines(user.get("ssh_authorized_keys", user.get("ssh-authorized-keys")))
    return tuple(lines)


def _host_key(config: dict[str, Any]) -> str | None:
    keys = config.get("ssh_keys")
    private = keys.get("ed25519_private") if isinstance(keys, dict) else None
    return private if isinstance(private, str) else None


def _expires(config: dict[str, Any]) -> bool:
    chpasswd = config.get("chpasswd")
    return not (isinstance(chpasswd, dict) and chpasswd.get("expire") is False)


def _lines(value: Any) -> list[str]:
    return [line.strip() for line in value if isinstance(line, str)] if isinstance(value, list) else []
