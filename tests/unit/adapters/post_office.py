"""A real mail server (aiosmtpd) with TLS, a login, and a certificate that an authority made for the test."""

from __future__ import annotations

import asyncio
import secrets
import ssl
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from chalicelib.adapters.smtp_mailer import SmtpServer, Tls

HERE = "127.0.0.1"
USER = "box@example.org"


class Authority:
    """A certificate authority in a folder; `ca` is its certificate's file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "made for a test")])
        usage = _usage(keyCertSign=True)
        own = self._certificate(self._name, self._key, x509.BasicConstraints(ca=True, path_length=None), usage)
        self.ca = folder / f"ca-{secrets.token_hex(4)}.pem"
        self.ca.write_bytes(own.public_bytes(serialization.Encoding.PEM))

    def context(self, host: str) -> ssl.SSLContext:
        """What a server of this name or address shows its clients."""
        key = ec.generate_private_key(ec.SECP256R1())
        named: x509.GeneralName
        try:
            named = x509.IPAddress(ip_address(host))
        except ValueError:
            named = x509.DNSName(host)
        certificate = self._certificate(
            x509.Name([]), key, x509.BasicConstraints(ca=False, path_length=None), _usage(), named
        )
        file = self._folder / f"server-{secrets.token_hex(4)}.pem"
        file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            + certificate.public_bytes(serialization.Encoding.PEM)
        )
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(file)
        return context

    def _certificate(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        constraints: x509.BasicConstraints,
        usage: x509.KeyUsage,
        named: x509.GeneralName | None = None,
    ) -> x509.Certificate:
        # all that strict verification (Python 3.13) asks for
        issuer_id = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        made = (
            x509.CertificateBuilder(self._name, subject, key.public_key(), x509.random_serial_number())
            .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
            .not_valid_after(datetime(2120, 1, 1, tzinfo=UTC))
            .add_extension(constraints, critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(issuer_id, critical=False)
        )
        if named is not None:
            made = made.add_extension(x509.SubjectAlternativeName([named]), critical=True)
            made = made.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        return made.sign(self._key, hashes.SHA256())


def _usage(*, keyCertSign: bool = False) -> x509.KeyUsage:  # noqa: N803 -- the standard's own name
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=keyCertSign,
        crl_sign=keyCertSign,
        encipher_only=False,
        decipher_only=False,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A letter as a server took it."""

    sender: str
    recipients: tuple[str, ...]
    user: str
    message: bytes


class PostOffice:
    """A mail server on 127.0.0.1 that wants TLS and the login `USER` with `password`; `taken` is what it took."""

    def __init__(self, authority: Authority, *, tls: Tls = Tls.STARTTLS, named: str = HERE) -> None:
        self.taken: list[Taken] = []
        self.password = secrets.token_urlsafe(12)
        self._tls = tls
        self._ca = authority.ca
        self._context = authority.context(named)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)

    def __enter__(self) -> Self:
        at_once = self._context if self._tls is Tls.FROM_THE_START else None
        self._listener = self._loop.run_until_complete(self._loop.create_server(self._clerk, HERE, 0, ssl=at_once))
        port = self._listener.sockets[0].getsockname()[1]
        self.server = SmtpServer(host=HERE, port=port, tls=self._tls, user=USER, ca=str(self._ca))
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def handle_DATA(self, _: SMTP, session: Any, envelope: Any) -> str:  # noqa: N802 -- aiosmtpd looks for it
        """Take a letter; aiosmtpd calls this after the final dot."""
        user = session.auth_data.login.decode() if session.auth_data else ""
        self.taken.append(
            Taken(
                sender=envelope.mail_from,
                recipients=tuple(envelope.rcpt_tos),
                user=user,
                message=bytes(envelope.content),
            )
        )
        return "250 2.0.0 taken"

    def _clerk(self) -> SMTP:
        start = self._tls is Tls.STARTTLS
        return SMTP(
            self,
            hostname="mail.example.org",
            tls_context=self._context if start else None,
            require_starttls=start,
            auth_required=start,  # aiosmtpd does not see that a connection was in TLS from the start
            auth_require_tls=start,
            authenticator=self._authenticate,
            loop=self._loop,
        )

    def _authenticate(self, _server: Any, _session: Any, _envelope: Any, _way: str, data: Any) -> AuthResult:
        known = LoginPassword(USER.encode(), self.password.encode())
        return AuthResult(success=data == known, handled=False, auth_data=data)

    async def _close(self) -> None:
        self._listener.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
