"""The OpenAPI document: routes, schemas and what is really answered agree."""

from __future__ import annotations

from typing import Any

import pytest
from chalice.app import Chalice
from jsonschema import Draft202012Validator

from chalicelib.api.edge import Edge
from chalicelib.api.methods import allowed
from chalicelib.api.pages import pages_blueprint
from chalicelib.domain.instance import Build, EndReason, Failure, Status
from chalicelib.domain.tokens import Purpose
from chalicelib.operations import secrets_of
from tests.fakes.clock import START
from tests.unit.api.world import ID, NOT_YET, OPERATOR, Answer, Api, public_key

ORDER = {"email": "test@example.com", "ssh_public_key": public_key(), "hours": 2}
NONCE = {"nonce": "0123456789abcdef"}


@pytest.fixture
def document(api: Api) -> dict[str, Any]:
    """The document as it is served."""
    return api.call("GET", "/openapi.json", token=None).json


def conforms(document: dict[str, Any], method: str, pattern: str, answer: Answer) -> None:
    """Hold an answer against what the document says of its route and status."""
    described = document["paths"][pattern][method.lower()]["responses"]
    assert str(answer.status) in described, f"{method} {pattern} answered {answer.status}: {answer.text}"
    content = described[str(answer.status)].get("content")
    if content is None:
        assert answer.text == ""
        return
    (schema,) = (each["schema"] for kind, each in content.items() if kind == answer.headers["content-type"])
    whole = {**schema, "components": document["components"]}
    Draft202012Validator(whole).validate(answer.json)


def test_the_document_names_its_version_and_server(api: Api, document: dict[str, Any]) -> None:
    """It is OpenAPI 3.1, and its one server is the public URL with its prefix."""
    assert document["openapi"].startswith("3.1")
    assert document["servers"] == [{"url": api.services.public_url}]


def test_routes_and_document_agree(api: Api, document: dict[str, Any]) -> None:
    """Every route of the app is described, and nothing else is, but for the pages, which are for browsers."""
    pages = Chalice(app_name="pages", configure_logs=False)
    pages.register_blueprint(pages_blueprint(api.services, Edge()))
    real = _routes(api.app) - _routes(pages)
    described = {(method.upper(), pattern) for pattern, item in document["paths"].items() for method in item}
    assert described == real


def _routes(app: Chalice) -> set[tuple[str, str]]:
    return {
        (method, pattern)
        for pattern in app.routes
        for method in allowed(app, pattern)
        if method not in {"HEAD", "OPTIONS"}
    }


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    """No schema is referred to that is not there, and each is a sound JSON schema."""
    schemas = document["components"]["schemas"]

    def references(value: Any) -> set[str]:
        if isinstance(value, dict):
            own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
            return own.union(*(references(each) for each in value.values()))
        return set().union(*map(references, value)) if isinstance(value, list) else set()

    assert references(document) <= {f"#/components/schemas/{name}" for name in schemas}
    for schema in schemas.values():
        Draft202012Validator.check_schema(schema)


def test_an_optional_field_is_left_out_not_null(document: dict[str, Any]) -> None:
    """The document does not offer null where the service refuses it."""
    hours = document["components"]["schemas"]["NewInstance"]["properties"]["hours"]
    assert (hours["type"], hours["minimum"]) == ("integer", 1)
    assert "anyOf" not in hours


def test_security_agrees_with_the_answers(api: Api, document: dict[str, Any]) -> None:
    """A route that needs a token is 401 without one; a route that names none, or takes one at will, is not."""
    for pattern, item in document["paths"].items():
        for method, operation in item.items():
            path = pattern.replace("{id}", ID).replace("{attempt}", "1").replace("{run}", "r1")
            answer = api.call(method.upper(), path, token=None)
            needed = bool(operation["security"]) and {} not in operation["security"]
            assert (answer.status == 401) == needed, (method, pattern)


def test_answers_conform_to_the_document(api: Api, document: dict[str, Any]) -> None:
    """What is really answered, good and bad, has the shape that the document gives to its status."""
    mine = api.put()
    token = api.manage_token(mine)
    key = {"Idempotency-Key": "k"}
    tries: list[tuple[str, str, str, Any, str | None, dict[str, str]]] = [
        ("POST", "/instances", "/instances", ORDER, OPERATOR, key),
        ("POST", "/instances", "/instances", ORDER, OPERATOR, key),
        ("POST", "/instances", "/instances", {"hours": 0}, OPERATOR, {}),
        ("POST", "/instances", "/instances", ORDER, None, {}),
        ("POST", "/instances", "/instances", b"x", OPERATOR, {"Content-Type": "text/plain"}),
        ("GET", "/instances", "/instances", None, OPERATOR, {}),
        ("GET", "/instances", "/instances?limit=0", None, OPERATOR, {}),
        ("GET", "/instances", "/instances?cursor=x", None, OPERATOR, {}),
        ("GET", "/instances/{id}", f"/instances/{ID}", None, OPERATOR, {}),
        ("GET", "/instances/{id}", f"/instances/{ID}", None, token, {}),
        ("GET", "/instances/{id}", f"/instances/{ID}", None, token, {"If-None-Match": "*"}),
        ("GET", "/instances/{id}", "/instances/ffffffffffff", None, token, {}),
        ("POST", "/instances/{id}/extend", f"/instances/{ID}/extend", {"hours": 1}, token, key),
        ("POST", "/instances/{id}/extend", f"/instances/{ID}/extend", {"hours": 1}, token, {}),
        ("GET", "/instances/{id}/log", f"/instances/{ID}/log", None, token, {}),
        ("DELETE", "/instances/{id}", f"/instances/{ID}", None, token, {}),
        ("POST", "/instances/{id}/extend", f"/instances/{ID}/extend", {"hours": 2}, token, {"Idempotency-Key": "l"}),
        ("GET", "/types", "/types", None, None, {}),
        ("POST", "/reap", "/reap", None, OPERATOR, {}),
        ("GET", "/reap/runs", "/reap/runs", None, OPERATOR, {}),
        ("GET", "/reap/runs", "/reap/runs?limit=0", None, OPERATOR, {}),
        ("GET", "/reap/runs/{run}", "/reap/runs/none", None, OPERATOR, {}),
        ("GET", "/reap/orphans", "/reap/orphans?limit=5", None, OPERATOR, {}),
        ("GET", "/reap/orphans", "/reap/orphans?cursor=x", None, OPERATOR, {}),
        ("GET", "/health", "/health", None, None, {}),
        ("GET", "/health/ready", "/health/ready", None, None, {}),
        ("GET", "/openapi.json", "/openapi.json", None, None, {}),
    ]
    for method, pattern, path, body, who, headers in tries:
        conforms(document, method, pattern, api.call(method, path, body, token=who, headers=headers))


@pytest.mark.parametrize(
    "changes",
    [
        {"status": Status.REQUESTED, **NOT_YET},
        {"status": Status.CREATING, "running_at": None, "expires_at": None},
        {"status": Status.DELETED, "ended_at": START, "end_reason": EndReason.LOST},
        {"status": Status.FAILED, "ended_at": START, "failure": Failure(code="stock", message="No.", hint="Wait.")},
    ],
)
def test_an_instance_conforms_in_every_status(api: Api, document: dict[str, Any], changes: dict[str, Any]) -> None:
    """The instance object has its shape from the first moment to the last."""
    api.put(**changes)
    conforms(document, "GET", "/instances/{id}", api.call("GET", f"/instances/{ID}"))


def test_builders_answers_conform(api: Api, document: dict[str, Any]) -> None:
    """The order, the answer to a report, and the refusals of both have their shapes."""
    row = api.put(
        status=Status.INSTALLING,
        running_at=None,
        expires_at=None,
        build=Build(attempt=1, started_at=START, reference="b"),
    )
    code = secrets_of.token(api.services, row, Purpose.CLAIM, 1)
    path, claim = f"/builds/{ID}/1", "/builds/{id}/{attempt}/claim"
    order = api.call("POST", f"{path}/claim", NONCE, token=code)
    conforms(document, "POST", claim, order)
    conforms(document, "POST", claim, api.call("POST", f"{path}/claim", {"nonce": "f" * 32}, token=code))
    reports = "/builds/{id}/{attempt}/reports"
    token = order.json["build_token"]
    for body in ({"phase": "kexec"}, {"outcome": "ready"}, {"outcome": "failed", "cause": "disk"}, {"x": 1}):
        conforms(document, "POST", reports, api.call("POST", f"{path}/reports", body, token=token))
