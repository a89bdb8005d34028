"""What the suites of `Servers` order: of something that can be had, in a project that carries the stack's marker."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from chalicelib.domain import labels
from chalicelib.operations.ports import Marker, ServerOrder
from tests.contract.server_benches import Bench

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


def public_key() -> str:
    """A key whose private half nobody keeps."""
    key = Ed25519PrivateKey.generate().public_key()
    return key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


def choices(bench: Bench, *, available: bool) -> list[tuple[str, str]]:
    """Types and locations that can be had, or cannot."""
    kinds = [kind for kind in bench.servers.market(NOW).types if kind.architecture == "x86" and not kind.deprecated]
    return [(kind.name, each.location) for kind in kinds for each in kind.offers if each.available is available]


def order(bench: Bench, stack: str, marker: Marker, choice: tuple[str, str] | None = None) -> ServerOrder:
    """An order for a new instance, of something in stock unless it is told what."""
    assert marker.marker_id is not None
    instance_id = secrets.token_hex(6)
    server_type, location = choice or choices(bench, available=True)[0]
    return ServerOrder(
        instance_id=instance_id,
        server_type=server_type,
        location=location,
        labels=labels.server_labels(stack=stack, instance_id=instance_id),
        user_data="#cloud-config\nssh_pwauth: false\n",
        marker_id=marker.marker_id,
    )
