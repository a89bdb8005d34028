"""An SSH connection that ends at the key exchange unless the expected host key answers (invariant 14).

paramiko is imported late: it takes longer to load than a claim takes to answer.
"""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import StringIO
from typing import TYPE_CHECKING

from chalicelib.domain.build import KeyPair

if TYPE_CHECKING:
    import paramiko

_LOG = "builder.ssh"
_JOIN = 2.0

# paramiko logs a traceback for every machine that is not up yet; what matters is raised to us.
logging.getLogger(_LOG).setLevel(logging.CRITICAL + 1)


class NobodyThere(Exception):
    """Nothing answered as an SSH server with an ed25519 host key does; worth another try."""


class NobodyListens(NobodyThere):
    """Not even a connection came about: the machine is away."""


class UnexpectedKey(Exception):
    """Another host key answered; nothing was sent after the key exchange. `key` is `type base64`."""

    def __init__(self, key: str) -> None:
        super().__init__("the host key is not the expected one")
        self.key = key


@contextmanager
def session(
    address: str, port: int, host_key: str, *, connect: float, handshake: float
) -> Iterator[paramiko.Transport]:
    """A connection whose host key is `host_key` (`type base64`), not yet logged in.

    `connect` and `handshake` bound the two steps in seconds. NobodyThere, UnexpectedKey: nothing was sent after the
    key exchange. No thread and no socket outlives the block.
    """
    try:
        plug = socket.create_connection((address, port), timeout=connect)
    except OSError as error:
        raise NobodyListens(type(error).__name__) from error
    try:
        with _transport(plug, handshake) as (transport, answered):
            if answered != host_key:
                raise UnexpectedKey(answered)
            yield transport
    finally:
        plug.close()


@contextmanager
def _transport(plug: socket.socket, handshake: float) -> Iterator[tuple[paramiko.Transport, str]]:
    """The connection after the key exchange, and the host key that answered."""
    import paramiko  # noqa: PLC0415 -- slow to load, and not needed for the claim

    transport = paramiko.Transport(plug)
    transport.set_log_channel(_LOG)
    transport.banner_timeout = transport.auth_timeout = handshake
    transport.get_security_options().key_types = ("ssh-ed25519",)
    try:
        try:
            transport.start_client(timeout=handshake)
            key = transport.get_remote_server_key()  # raises when the time was up
        except Exception as error:  # paramiko lets any parsing error of a peer's bytes through
            raise NobodyThere(type(error).__name__) from error
        yield transport, f"{key.get_name()} {key.get_base64()}"
    finally:
        transport.close()
        with suppress(OSError):
            plug.shutdown(socket.SHUT_RDWR)  # wakes the library's thread, which else looks up every 0.1 s only
        if transport.ident is not None:
            transport.join(_JOIN)
        transport.packetizer.complete_handshake()  # ends a timer's thread that a failed handshake leaves for 15 s


def logged_in(transport: paramiko.Transport, user: str, key: KeyPair) -> bool:
    """Whether the key is accepted for the user, be it as one of several factors.

    NobodyThere: the connection broke, or nothing came in time, which paramiko calls failed authentications as well.
    """
    import paramiko  # noqa: PLC0415 -- slow to load, and not needed for the claim

    private = paramiko.Ed25519Key.from_private_key(StringIO(key.private))
    late = time.monotonic() + transport.auth_timeout
    try:
        transport.auth_publickey(user, private)
    except paramiko.AuthenticationException as error:
        if not transport.is_active() or time.monotonic() >= late:
            raise NobodyThere(type(error).__name__) from error
        return False
    except Exception as error:  # paramiko lets any parsing error of a peer's bytes through
        raise NobodyThere(type(error).__name__) from error
    return True
