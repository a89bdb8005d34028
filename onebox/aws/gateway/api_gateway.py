"""The REST API of the packaged template: which resource and method a request means, and what becomes of it.

A path or a method that is not declared never reaches a function.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from onebox.aws.functions import Function
from onebox.aws.gateway.event import answer_of, event_of
from onebox.aws.gateway.responses import GatewayResponses
from onebox.aws.invoke import Invoker, NotReached
from onebox.aws.template import Template
from onebox.gateway.event import Request
from onebox.gateway.problems import Answer
from onebox.gateway.routes import Routes

KIND = "AWS::Serverless::Api"
INTEGRATION_SECONDS = 29.0
"""API Gateway's own limit, which only a request to AWS raises."""


class NoApi(Exception):
    """The template has no REST API whose integrations can be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiGateway:
    """`integrations` has, by resource and method (upper case), the function that is called."""

    stage: str
    integrations: Mapping[str, Mapping[str, Function]]
    responses: GatewayResponses
    binary: frozenset[str]
    invoker: Invoker
    routes: Routes = field(repr=False)
    within: float = INTEGRATION_SECONDS

    @classmethod
    def of(cls, template: Template, functions: Mapping[str, Function], invoker: Invoker) -> ApiGateway:
        """The API of a template; NoApi."""
        apis = template.of_type(KIND)
        if len(apis) != 1:
            raise NoApi(f"the template has {len(apis)} REST APIs")
        (properties,) = apis.values()
        body = properties["DefinitionBody"]
        return cls(
            stage=properties["StageName"],
            integrations={path: _methods(each, functions) for path, each in body["paths"].items()},
            responses=GatewayResponses(given=properties.get("GatewayResponses", {})),
            binary=frozenset(body.get("x-amazon-apigateway-binary-media-types", [])),
            invoker=invoker,
            routes=Routes(body["paths"]),
        )

    def has(self, path: str) -> bool:
        """Whether there is a resource for the path."""
        return self.routes.match(path) is not None

    def answer(self, request: Request) -> Answer:
        """The function's answer, or one of the gateway's own."""
        match = self.routes.match(request.path)
        function = self.integrations[match.resource].get(request.method) if match is not None else None
        if match is None or function is None:
            return self.responses.answer("MISSING_AUTHENTICATION_TOKEN", request)
        event = event_of(request, match, stage=self.stage, binary=self.binary)
        try:
            outcome = self.invoker.invoke(function.short, event, request_id=request.id, within=self.within)
        except TimeoutError:
            return self.responses.answer("INTEGRATION_TIMEOUT", request)
        except NotReached:
            return self.responses.answer("INTEGRATION_FAILURE", request)
        if outcome.error is not None:
            _say(function, request, outcome.error)
            return self.responses.answer("DEFAULT_5XX", request)
        try:
            return answer_of(outcome.result)
        except (KeyError, TypeError, ValueError, AttributeError):
            return self.responses.answer("DEFAULT_5XX", request)


def _methods(path: Mapping[str, Any], functions: Mapping[str, Function]) -> dict[str, Function]:
    return {method.upper(): _called(each, functions) for method, each in path.items()}


def _called(method: Mapping[str, Any], functions: Mapping[str, Function]) -> Function:
    uri = str(method["x-amazon-apigateway-integration"]["uri"])
    for function in functions.values():
        if f"/functions/{function.arn}/invocations" in uri:
            return function
    raise NoApi(f"an integration calls no function of the template: {uri}")


def _say(function: Function, request: Request, error: Mapping[str, Any]) -> None:
    line = {"event": "gateway.function_failed", "level": "error", "function": function.name, "request_id": request.id}
    sys.stdout.write(json.dumps({**line, "error": error.get("errorType"), "why": error.get("errorMessage")}) + "\n")
    sys.stdout.flush()
