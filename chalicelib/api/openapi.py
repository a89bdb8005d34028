"""The OpenAPI 3.1 document at `/openapi.json`, put together from the pydantic models and the table of routes."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from chalice.app import Blueprint, Response

from chalicelib.api.call import Call
from chalicelib.api.edge import Edge
from chalicelib.api.reply import JSON, PROBLEM, phrase, reply
from chalicelib.api.route import blueprint
from chalicelib.operations.services import Services

if TYPE_CHECKING:
    from pydantic import BaseModel

    from chalicelib.api.openapi_routes import Described

VERSION = "0.1.0"
_REF = "#/components/schemas/{model}"
_PARAMETER = re.compile(r"\{(\w+)\}")
_TOKENS = {
    "box": "The token in the record on the machine.",
    "confirm": "The token of the confirmation mail.",
    "manage": "The manage token of this instance.",
    "operator": "A token of the operator.",
    "builder": "The claim code or the build token of this attempt.",
}


def openapi_blueprint(services: Services, edge: Edge) -> Blueprint:
    """The route `/openapi.json`; the document is made at its first request."""
    view = _Document(services=services)
    return blueprint("openapi", edge, {("GET", "/openapi.json"): view.show})


@dataclass(slots=True, kw_only=True)
class _Document:
    services: Services
    made: dict[str, Any] = field(default_factory=dict)

    def show(self, _: Call) -> Response:
        """Describe this API as OpenAPI 3.1."""
        if not self.made:
            self.made = openapi_document(self.services.public_url)
        return reply(self.made, headers={"Cache-Control": "public, max-age=300"})


def openapi_document(public_url: str) -> dict[str, Any]:
    """The whole document; `public_url` is the one server in it."""
    from chalicelib.api.openapi_routes import ROUTES  # noqa: PLC0415 -- brings pydantic, which is slow to import

    paths: dict[str, dict[str, Any]] = {}
    for (method, pattern), described in ROUTES.items():
        paths.setdefault(pattern, {})[method.lower()] = _operation(pattern, described)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Claude Code Cloud", "version": VERSION},
        "servers": [{"url": public_url}],
        "paths": paths,
        "components": {"schemas": _schemas(), "securitySchemes": _security_schemes()},
    }


def _operation(pattern: str, described: Described) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "summary": described.summary,
        "parameters": list(_parameters(pattern, described)),
        "responses": {str(status): _answer(model, status) for status, model in described.answers.items()},
        "security": [{who: []} if who else {} for who in described.who],
    }
    problem = {"content": {PROBLEM: {"schema": {"$ref": _REF.format(model="Problem")}}}}
    for status in described.errors:
        operation["responses"][str(status)] = {"description": phrase(status), **problem}
    if described.body is not None:
        content = {JSON: {"schema": {"$ref": _REF.format(model=described.body.__name__)}}}
        operation["requestBody"] = {"required": not described.body_optional, "content": content}
    return operation


def _answer(model: type[BaseModel] | None, status: int) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": phrase(status)}
    if model is not None:
        answer["content"] = {JSON: {"schema": {"$ref": _REF.format(model=model.__name__)}}}
    return answer


def _parameters(pattern: str, described: Described) -> list[dict[str, Any]]:
    text = {"schema": {"type": "string"}}
    path = [{"name": name, "in": "path", "required": True, **text} for name in _PARAMETER.findall(pattern)]
    query = [{"name": name, "in": "query", **text} for name in described.query]
    headers = [{"name": name, "in": "header", **text} for name in described.headers]
    needed = [{"name": name, "in": "header", "required": True, **text} for name in described.needs]
    return [*path, *query, *headers, *needed]


def _schemas() -> dict[str, Any]:
    from pydantic.json_schema import models_json_schema  # noqa: PLC0415 -- slow to import

    from chalicelib.api import answers  # noqa: PLC0415 -- brings pydantic
    from chalicelib.api.openapi_routes import ROUTES  # noqa: PLC0415 -- brings pydantic

    bodies = {each.body for each in ROUTES.values() if each.body is not None}
    given = {model for each in ROUTES.values() for model in each.answers.values() if model is not None}
    wanted: list[type[BaseModel]] = sorted((*bodies, *given, answers.Problem), key=_name)
    _, definitions = models_json_schema(
        [(model, "validation") for model in wanted], ref_template="#/components/schemas/{model}"
    )
    found: dict[str, Any] = definitions["$defs"]
    return found


def _name(model: type[BaseModel]) -> str:
    return model.__name__


def _security_schemes() -> dict[str, Any]:
    return {name: {"type": "http", "scheme": "bearer", "description": about} for name, about in _TOKENS.items()}
