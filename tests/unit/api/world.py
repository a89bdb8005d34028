"""The API with fakes behind it, called with API Gateway's events; and instances put straight into the table."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs

from chalice.app import Chalice
from chalice.local import RouteMatcher
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from chalicelib.api.edge import Edge
from chalicelib.api.everything import add_routes
from chalicelib.domain.build import BuildRecord
from chalicelib.domain.instance import Build, Choice, Instance, Machine, Status, Wish
from chalicelib.operations import secrets_of
from chalicelib.operations.services import Services
from tests.fakes.clock import START, FakeClock
from tests.fakes.keyring import FakeKeyring
from tests.fakes.services import fake_services
from tests.unit.operations.whole_table import WholeTable

OPERATOR = "ccc_operator_in-tests"
ORIGIN = "https://forms.example.net"
ID = "0123456789ab"
HOUR = timedelta(hours=1)
SOURCE = "192.0.2.7"


def public_key() -> str:
    """The line of a fresh ed25519 key."""
    made = Ed25519PrivateKey.generate().public_key()
    return made.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back; header names are lower-case."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> dict[str, Any]:
        """The document in the body."""
        found: dict[str, Any] = json.loads(self.text)
        return found


@dataclass(slots=True, kw_only=True)
class Api:
    """An application of its own, and what stands behind it."""

    services: Services
    table: WholeTable
    clock: FakeClock
    app: Chalice
    pauses: list[float] = field(default_factory=list)

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str | None = OPERATOR,
        headers: Mapping[str, str | list[str]] | None = None,
        source: str = SOURCE,
    ) -> Answer:
        """Send a request from a source; a body that is not bytes travels as JSON, with its content type."""
        sent: dict[str, str | list[str]] = {} if token is None else {"Authorization": f"Bearer {token}"}
        if body is not None and not isinstance(body, bytes):
            sent["Content-Type"] = "application/json"
            body = json.dumps(body).encode()
        sent |= headers or {}
        answer = self.app(event(self.app, method, path, body, sent, source), None)
        shown = {name.lower(): value for name, value in answer["headers"].items()}
        return Answer(status=answer["statusCode"], headers=shown, text=answer["body"])

    def put(self, **changes: Any) -> Instance:
        """An instance in the table, running unless `changes` say otherwise."""
        return self.services.instances.write(running(self.services, **changes), before=None)

    def put_build(self, instance: Instance, record: BuildRecord) -> None:
        """A build's record beside its instance, which is written anew for it."""
        self.services.instances.write(instance, before=instance, build=(None, record))

    def manage_token(self, instance: Instance) -> str:
        """The token of its owner."""
        return secrets_of.manage_token(self.services, instance)


def make_api(*, edge: Mapping[str, Any] | None = None, **overrides: Any) -> Api:
    """An API in which an operator holds `OPERATOR` and a page at `ORIGIN` may call."""
    table, clock = WholeTable(), FakeClock()
    services = fake_services(table=table, clock=clock, **{"keyring": FakeKeyring(OPERATOR), **overrides})
    return api_over(services, table, clock, edge=edge)


def api_over(services: Services, table: WholeTable, clock: FakeClock, *, edge: Mapping[str, Any] | None = None) -> Api:
    """The API over services that are there already, which stand on this table and clock."""
    app = Chalice(app_name="ccc", configure_logs=False)
    api = Api(services=services, table=table, clock=clock, app=app)
    add_routes(app, services, Edge(**{"origins": (ORIGIN,), "pause": api.pauses.append, **(edge or {})}))
    return api


def event(
    app: Chalice,
    method: str,
    path: str,
    body: bytes | None,
    headers: Mapping[str, str | list[str]],
    source: str = SOURCE,
) -> dict[str, Any]:
    """A request as API Gateway (REST, proxy integration) hands it to Lambda."""
    route, _, query = path.partition("?")
    match = RouteMatcher(list(app.routes)).match_route(route)
    many = {name: value if isinstance(value, list) else [value] for name, value in headers.items()}
    text, encoded = _body(body)
    return {
        "requestContext": {
            "httpMethod": method,
            "resourcePath": match.route,
            "requestId": "11111111-1111-1111-1111-111111111111",
            "identity": {"sourceIp": source},
        },
        "headers": {name: values[-1] for name, values in many.items()},
        "multiValueHeaders": many,
        "multiValueQueryStringParameters": parse_qs(query, keep_blank_values=True) or None,
        "pathParameters": dict(match.captured) or None,
        "stageVariables": None,
        "body": text,
        "isBase64Encoded": encoded,
    }


def _body(body: bytes | None) -> tuple[str | None, bool]:
    if not body:
        return None, False
    try:
        return body.decode("utf-8"), False
    except UnicodeDecodeError:
        return base64.b64encode(body).decode(), True


def running(services: Services, **changes: Any) -> Instance:
    """A machine that was ordered for an hour at `START` and runs since four minutes after it."""
    values: dict[str, Any] = {
        "id": ID,
        "status": Status.RUNNING,
        "status_since": START,
        "created_at": START,
        "requested_at": START,
        "email": "guest@example.com",
        "owner": "0" * 32,
        "ssh_public_key": public_key(),
        "wish": Wish(hours=1),
        "by_operator": True,
        "request_hash": "",
        "secret_id": services.keyring.newest(),
        "choice": Choice(server_type="cx23", location="nbg1", hourly=Decimal("0.0105")),
        "machine": Machine(server_id=4711, ip="192.0.2.10", ipv6_network=None, created_at=START),
        "build": Build(attempt=1, started_at=START, reference="b"),
        "host_key": public_key(),
        "running_at": START + timedelta(minutes=4),
        "expires_at": START + 2 * HOUR - timedelta(minutes=5),
    }
    return Instance(**{**values, **changes})


NOT_YET = {"machine": None, "choice": None, "build": None, "host_key": None, "running_at": None, "expires_at": None}
"""What an instance that waits for a builder does not have."""
