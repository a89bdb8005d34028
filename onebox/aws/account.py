"""The rest of an account, as far as an operator's commands ask: who asks, and which stack there is.

Everything else is answered as to somebody who may not look, which the commands take for what it is: nobody stands in
for that service here, and nothing of it is wrong. The answers are in the protocol that was asked in: AWS's query
protocol (XML), its JSON protocols, or CBOR.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from onebox.aws.template import ACCOUNT, REGION, Template
from onebox.aws.wire import Asked, Reply, as_rest_json
from onebox.codebuild.refusal import Refusal

FORM = "application/x-www-form-urlencoded"
CBOR = "application/cbor"
_SCOPE = re.compile(r"Credential=[^/]+/\d{8}/[^/]+/([a-z0-9-]+)/aws4_request")
_SHORT = 24
_ONE_BYTE = 256


class Account:
    """Takes every request, so it is the last to be asked; `given` are outputs that no template knows."""

    def __init__(self, template: Template, given: Mapping[str, str]) -> None:
        self._template = template
        self._given = dict(given)

    def takes(self, _asked: Asked) -> bool:
        """Whatever nobody else took."""
        return True

    def answer(self, asked: Asked) -> Reply:
        """The answer to one of the two operations; for all else a refusal."""
        fields = _form(asked)
        match fields.get("Action"):
            case "GetCallerIdentity":
                who = {"Arn": f"arn:aws:iam::{ACCOUNT}:user/operator", "UserId": "operator", "Account": ACCOUNT}
                return _xml("GetCallerIdentity", who)
            case "DescribeStacks" if fields.get("StackName") in {None, self._template.stack}:
                return _xml("DescribeStacks", {"Stacks": [self._stack()]})
            case "DescribeStacks":
                message = f"Stack with id {fields['StackName']} does not exist"
                return _xml_error("ValidationError", message, 400)
            case _:
                return _not_here(asked, fields)

    def refused(self, refusal: Refusal) -> Reply:
        """As XML: whoever is not known asks for an identity first."""
        return _xml_error(refusal.code, refusal.message, refusal.status)

    def _stack(self) -> dict[str, Any]:
        name = self._template.stack
        declared = self._template.document.get("Parameters", {})
        return {
            "StackId": f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{name}/onebox",
            "StackName": name,
            "StackStatus": "CREATE_COMPLETE",
            "CreationTime": "2026-01-01T00:00:00Z",
            "Parameters": [
                {"ParameterKey": key, "ParameterValue": str(each["Default"])}
                for key, each in declared.items()
                if "Default" in each
            ],
            "Outputs": [{"OutputKey": key, "OutputValue": value} for key, value in self._given.items()],
        }


def _form(asked: Asked) -> dict[str, str]:
    if not asked.headers.get("content-type", "").startswith(FORM):
        return {}
    return {name: values[-1] for name, values in parse_qs(asked.body.decode("utf-8", "replace")).items()}


def _xml(operation: str, result: Mapping[str, Any]) -> Reply:
    inner = "".join(_elements(result))
    text = f"<{operation}Response><{operation}Result>{inner}</{operation}Result></{operation}Response>"
    return Reply(headers={"Content-Type": "text/xml"}, body=text.encode())


def _xml_error(code: str, message: str, status: int, inside: str = "<ErrorResponse>{}</ErrorResponse>") -> Reply:
    """S3 tells the error itself, the query protocol puts it into a response."""
    told = f"<Type>Sender</Type><Code>{escape(code)}</Code><Message>{escape(message)}</Message>"
    text = inside.format(f"<Error>{told}</Error>")
    return Reply(status=status, headers={"Content-Type": "text/xml"}, body=text.encode())


def _elements(document: Mapping[str, Any]) -> Iterator[str]:
    for name, value in document.items():
        if isinstance(value, list):
            members = "".join(f"<member>{''.join(_elements(each))}</member>" for each in value)
            yield f"<{name}>{members}</{name}>"
        else:
            yield f"<{name}>{escape(str(value))}</{name}>"


def _not_here(asked: Asked, fields: Mapping[str, str]) -> Reply:
    if asked.method == "HEAD":  # an answer without a body cannot say why: it is not there, and what makes it is refused
        return Reply(status=404)
    service = _service(asked)
    what = fields.get("Action") or asked.headers.get("x-amz-target") or f"{asked.method} {asked.path}"
    message = f"Nobody stands in for {what}{f' of {service}' if service else ''} in a rehearsal."
    if service == "s3":
        return _xml_error("AccessDenied", message, 403, inside="{}")
    if fields:
        return _xml_error("AccessDenied", message, 403)
    if asked.headers.get("smithy-protocol") == "rpc-v2-cbor":
        body = b"\xa2" + b"".join(map(_cbor, ("__type", "AccessDeniedException", "message", message)))
        return Reply(status=403, headers={"Content-Type": CBOR, "smithy-protocol": "rpc-v2-cbor"}, body=body)
    if "x-amz-target" in asked.headers:
        document = {"__type": "AccessDeniedException", "message": message}
        return Reply.of(document, "application/x-amz-json-1.1", status=403)
    return as_rest_json(Refusal("AccessDeniedException", message, 403))


def _service(asked: Asked) -> str:
    """The service that the request was signed for, as its credential says; empty without one."""
    found = _SCOPE.search(asked.headers.get("authorization", ""))
    return found[1] if found else ""


def _cbor(text: str) -> bytes:
    """A text of at most 64 KiB (RFC 8949, major type 3)."""
    data = text.encode()
    if len(data) < _SHORT:
        return bytes([0x60 + len(data)]) + data
    if len(data) < _ONE_BYTE:
        return b"\x78" + bytes([len(data)]) + data
    return b"\x79" + len(data).to_bytes(2, "big") + data
