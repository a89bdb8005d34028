"""The look at a machine's SSH host key, by a key exchange and nothing after it.

It decides whether something answers, not whether the key is the right one. Its socket and its thread end with it.
"""

from __future__ import annotations

import logging
import socket
import time
from contextlib import suppress

_KEY_TYPE = "ssh-ed25519"
_LOG = "chalicelib.adapters.ssh_probe.transport"
_JOIN = 2.0

# paramiko logs a traceback for every machine that is not up yet; silence is an answer here.
logging.getLogger(_LOG).setLevel(logging.CRITICAL + 1)


class SshProbe:
    """The Probe port by means of paramiko, which is loaded at the first look.

    `port` is where machines listen; `timeout_seconds` bounds one look from the first packet to the key.
    """

    def __init__(self, port: int, timeout_seconds: float) -> None:
        self._port = port
        self._timeout = timeout_seconds

    def host_key(self, address: str) -> str | None:
        """The ed25519 host key `type base64` that answers at the address, or None when nothing does in time."""
        end = time.monotonic() + self._timeout
        try:
            plug = socket.create_connection((address, self._port), timeout=self._timeout)
        except OSError:
            return None
        with plug:
            return _exchanged(plug, end - time.monotonic())


def _exchanged(plug: socket.socket, within: float) -> str | None:
    import paramiko  # noqa: PLC0415 -- slow to load, and few invocations look at a machine

    transport = paramiko.Transport(plug)
    transport.set_log_channel(_LOG)
    transport.banner_timeout = within
    transport.get_security_options().key_types = (_KEY_TYPE,)
    try:
        transport.start_client(timeout=within)
        key = transport.get_remote_server_key()
        return f"{key.get_name()} {key.get_base64()}"
    except Exception:  # noqa: BLE001 -- a stranger's bytes can break any part of the library: that is "nothing answers"
        return None
    finally:
        transport.close()
        with suppress(OSError):
            plug.shutdown(socket.SHUT_RDWR)  # wakes the library's thread, which else looks up every 0.1 s only
        if transport.ident is not None:
            transport.join(_JOIN)
        transport.packetizer.complete_handshake()  # ends a timer's thread that a failed handshake leaves for 15 s
