"""API Gateway's part: which requests reach a function, with which event, and what is answered when none can."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from onebox.aws.functions import functions
from onebox.aws.gateway.api_gateway import ApiGateway, NoApi
from onebox.aws.invoke import Invoker, NotReached, Outcome
from onebox.aws.template import Template
from onebox.gateway.event import Request

CALLED = {
    "x-amazon-apigateway-integration": {
        "uri": {"Fn::Sub": "arn:aws:apigateway:eu-central-1:lambda:path/2015-03-31/functions/${Api.Arn}/invocations"}
    }
}
NOT_FOUND = {
    "StatusCode": "404",
    "ResponseTemplates": {"application/json": '{"code": "not_found", "request_id": "$context.requestId"}'},
    "ResponseParameters": {
        "Headers": {"Content-Type": "'application/problem+json'", "X-Request-Id": "context.requestId"}
    },
}
DOCUMENT: dict[str, Any] = {
    "Resources": {
        "Api": {"Type": "AWS::Serverless::Function", "Properties": {"FunctionName": "f", "Handler": "app.app"}},
        "Rest": {
            "Type": "AWS::Serverless::Api",
            "Properties": {
                "StageName": "api",
                "DefinitionBody": {
                    "paths": {"/": {"get": CALLED}, "/things/{id}": {"get": CALLED, "post": CALLED}},
                    "x-amazon-apigateway-binary-media-types": ["image/png"],
                },
                "GatewayResponses": {"MISSING_AUTHENTICATION_TOKEN": NOT_FOUND, "DEFAULT_5XX": {"StatusCode": "500"}},
            },
        },
    }
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answering(Invoker):
    """Answers every invocation with `with_this`, or raises it; keeps the events."""

    folder: Path = Path()
    with_this: Any = None
    events: list[Any] = field(default_factory=list)

    def invoke(
        self,
        short: str,  # noqa: ARG002 -- there is one function
        event: Any,
        *,
        request_id: str | None = None,
        within: float | None = None,  # noqa: ARG002 -- it answers at once
    ) -> Outcome:
        """As the host would."""
        self.events.append(event)
        if isinstance(self.with_this, Exception):
            raise self.with_this
        return Outcome(request_id=request_id or "", **self.with_this)


def gateway(with_this: Any) -> tuple[ApiGateway, list[Any]]:
    """A gateway whose function answers so, and the events that the function sees."""
    template = Template(document=DOCUMENT, stack="ccc-dev")
    answering = Answering(with_this=with_this)
    return ApiGateway.of(template, functions(template), answering), answering.events


def request(method: str, path: str, **more: Any) -> Request:
    """A request from 127.0.0.9."""
    given = {"query": "", "headers": {"host": "localhost:8000"}, "body": b"", **more}
    return Request(method=method, path=path, peer="127.0.0.9", id="the-id", **given)


def test_the_event_is_that_of_a_stage() -> None:
    """The path is without the stage and the context's with it; HEAD and the like are not declared and do not pass."""
    api, events = gateway({"result": {"statusCode": 201, "body": "ok", "headers": {"WWW-Authenticate": "Bearer"}}})
    answer = api.answer(request("POST", "/things/a%2Fb", query="x=1&x=2", body=b'{"a": 1}'))
    assert (answer.status, answer.body) == (201, b"ok")
    assert ("x-amzn-Remapped-WWW-Authenticate", "Bearer") in answer.headers
    (event,) = events
    assert (event["resource"], event["path"], event["pathParameters"]) == ("/things/{id}", "/things/a/b", {"id": "a/b"})
    assert event["multiValueQueryStringParameters"] == {"x": ["1", "2"]}
    context = event["requestContext"]
    assert (context["path"], context["stage"], context["requestId"]) == ("/api/things/a%2Fb", "api", "the-id")
    assert context["identity"]["sourceIp"] == "127.0.0.9"
    assert event["headers"]["x-forwarded-for"] == "127.0.0.9"
    assert (event["body"], event["isBase64Encoded"]) == ('{"a": 1}', False)


@pytest.mark.parametrize(("method", "path"), [("GET", "/other"), ("DELETE", "/things/1"), ("HEAD", "/")])
def test_what_is_not_declared_never_reaches_the_function(method: str, path: str) -> None:
    """An unknown path and an undeclared method get the template's own answer, with the request's id in it."""
    api, events = gateway({"result": {"statusCode": 200}})
    answer = api.answer(request(method, path))
    assert (answer.status, json.loads(answer.body)) == (404, {"code": "not_found", "request_id": "the-id"})
    assert dict(answer.headers) == {"Content-Type": "application/problem+json", "X-Request-Id": "the-id"}
    assert events == []


@pytest.mark.parametrize(
    ("with_this", "status"),
    [
        ({"error": {"errorType": "KeyError", "errorMessage": "x"}}, 500),
        ({"result": {"body": "no status"}}, 500),
        ({"result": None}, 500),
        ({"result": {"statusCode": 200, "body": {"not": "text"}}}, 500),
        (NotReached("nobody"), 500),
        (TimeoutError(), 500),
    ],
    ids=["raised", "no status", "nothing", "no text", "not reached", "late"],
)
def test_a_function_that_does_not_answer(with_this: Any, status: int) -> None:
    """A failure, nonsense, silence: the template's answer for errors of the server, which tells nothing."""
    api, _ = gateway(with_this)
    answer = api.answer(request("GET", "/"))
    assert answer.status == status
    assert set(json.loads(answer.body)) == {"message"}


def test_bodies_are_text_unless_their_type_is_declared_binary() -> None:
    """A binary type travels in base64, both ways; what is no UTF-8 is mended as API Gateway does."""
    png = {"content-type": "image/png"}
    api, events = gateway(
        {"result": {"statusCode": 200, "body": base64.b64encode(b"\xff").decode(), "isBase64Encoded": True}}
    )
    assert api.answer(request("POST", "/things/1", headers=png, body=b"\xff")).body == b"\xff"
    api.answer(request("POST", "/things/1", body=b"a\xff"))
    assert [(one["body"], one["isBase64Encoded"]) for one in events] == [("/w==", True), ("a\ufffd", False)]


def test_a_template_without_an_api_is_refused() -> None:
    """There is nothing to serve without exactly one API."""
    template = Template(document={"Resources": {}}, stack="ccc-dev")
    with pytest.raises(NoApi):
        ApiGateway.of(template, {}, Answering())
