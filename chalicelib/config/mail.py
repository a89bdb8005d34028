"""Which mail servers a setting may name: nothing leaves in plain text but to this machine, and no URL holds a password.

Decides about `smtp:` and `smtps:` places alone; whether the server is there, or takes letters, is not asked here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from chalicelib.config.place import Place

SMTP = frozenset({"smtp", "smtps"})

_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*")
_LOOPBACK = re.compile(r"localhost|127(?:\.\d{1,3}){3}|::1")
_OPTIONS = frozenset({"tls", "ca"})


def mail_problems(place: Place) -> Iterator[str]:
    """A sentence for everything that is wrong with a mail server's URL; none for places of other kinds."""
    if place.scheme not in SMTP:
        return
    if place.password:
        yield "holds a password, which every program here could read: put it into the keyring, as smtp_password"
    if not _HOST.fullmatch(place.host) or place.port == 0:
        yield "needs the host of a mail server, as in smtp://user@mail.example.org:587"
    if not (place.user.isascii() and place.user.isprintable()):
        yield "has a user with characters that a login cannot carry"
    if place.path.strip("/") or not {name for name, _ in place.query} <= _OPTIONS:
        yield "has more than a user, a host, a port and the options ca and tls"
    if place.option("ca") and not place.option("ca").startswith("/"):
        yield "needs an absolute path behind ca="
    if place.option("tls"):
        yield from _plain_problems(place)


def _plain_problems(place: Place) -> Iterator[str]:
    if place.option("tls") != "off" or place.scheme != "smtp":
        yield "may have tls=off behind smtp:, and no other word about TLS, which is on without one"
    if not _LOOPBACK.fullmatch(place.host):
        yield "may have tls=off for a server on this machine only, such as smtp://127.0.0.1:2525?tls=off"
    if place.user:
        yield "may not have a user with tls=off: a password is never sent in plain text"
    if place.option("ca"):
        yield "has no use for ca= with tls=off"
