"""SSM's Parameter Store: the few operations that a keyring needs, kept in one file.

A SecureString is told encrypted (here: something that is not its value) unless decryption is asked for. No versions but
the last are kept, and there are no policies, labels or tiers.
"""

from __future__ import annotations

import base64
import hashlib
import re
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from onebox.aws.model_check import checked
from onebox.aws.template import ACCOUNT, REGION
from onebox.aws.whole_json import WholeJson
from onebox.aws.wire import Asked, Reply, document_of
from onebox.codebuild.refusal import Refusal

KIND = "application/x-amz-json-1.1"
TARGET = "AmazonSSM."
MOST_AT_ONCE = 10
"""AWS's most and usual number of results of GetParametersByPath, and of names of GetParameters."""

MOST_CHARACTERS = 4096
"""Of a value in the standard tier."""

_NAME = re.compile(r"(/[A-Za-z0-9_.-]+){1,15}")
_INVALID = "ValidationException"


class Ssm:
    """Parameters in the file at `path`; `now` gives seconds since 1970."""

    def __init__(self, path: Path, now: Callable[[], float] = time.time) -> None:  # noqa: TID251 -- told as AWS tells it
        self._kept = WholeJson(path=path)
        self._now = now

    def takes(self, asked: Asked) -> bool:
        """By the operation's name."""
        return asked.headers.get("x-amz-target", "").startswith(TARGET)

    def answer(self, asked: Asked) -> Reply:
        """The answer; Refusal."""
        name = asked.headers["x-amz-target"].removeprefix(TARGET)
        if name not in _OPERATIONS:
            raise Refusal("UnknownOperationException", f"There is no operation {name} here.")
        given = checked("ssm", name, document_of(asked.body), _INVALID)
        return Reply.of(_OPERATIONS[name](self, given), KIND)

    def refused(self, refusal: Refusal) -> Reply:
        """JSON 1.1 names the exception in the body."""
        document = {"__type": refusal.code, "message": refusal.message, **refusal.fields}
        return Reply.of(document, KIND, refusal.status)

    def put(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """PutParameter."""
        name, value = given["Name"], given["Value"]
        if not _NAME.fullmatch(name):
            raise Refusal(_INVALID, "Parameter name must be a fully qualified name.")
        if not value or len(value) > MOST_CHARACTERS:
            raise Refusal(
                _INVALID, f"Standard tier parameters support a maximum value of {MOST_CHARACTERS} characters."
            )
        version: int = self._kept.change(lambda kept: self._written(kept, name, given))
        return {"Version": version, "Tier": "Standard"}

    def by_path(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """GetParametersByPath, a page at a time; the token is the last name of the page before."""
        path, most = given["Path"].rstrip("/") + "/", given.get("MaxResults", MOST_AT_ONCE)
        if not 1 <= most <= MOST_AT_ONCE:
            raise Refusal(_INVALID, f"MaxResults must be from 1 to {MOST_AT_ONCE}.")
        below = [
            name for name in sorted(self._kept.read()) if _is_below(name, path, deep=given.get("Recursive", False))
        ]
        ahead = [name for name in below if name > _begin(given.get("NextToken"))]
        page, rest = ahead[:most], ahead[most:]
        return {
            "Parameters": self._told(page, given),
            **({"NextToken": base64.b64encode(page[-1].encode()).decode()} if rest else {}),
        }

    def one(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """GetParameter."""
        found = self._told([given["Name"]], given)
        if not found:
            raise Refusal("ParameterNotFound", "")
        return {"Parameter": found[0]}

    def several(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """GetParameters."""
        names = given["Names"]
        if not 1 <= len(names) <= MOST_AT_ONCE:
            raise Refusal(_INVALID, f"Between 1 and {MOST_AT_ONCE} names are needed.")
        found = self._told(names, given)
        known = {one["Name"] for one in found}
        return {"Parameters": found, "InvalidParameters": [name for name in names if name not in known]}

    def delete(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """DeleteParameter."""
        if self._kept.change(lambda kept: kept.pop(given["Name"], None)) is None:
            raise Refusal("ParameterNotFound", "")
        return {}

    def _written(self, kept: dict[str, Any], name: str, given: Mapping[str, Any]) -> int:
        before = kept.get(name)
        if before is not None and not given.get("Overwrite", False):
            raise Refusal("ParameterAlreadyExists", "The parameter already exists. Set the overwrite option.")
        kind = given.get("Type") or (before and before["type"])
        if kind not in {"String", "SecureString", "StringList"}:
            raise Refusal(_INVALID, "A parameter type is required when you create a parameter.")
        version = 1 if before is None else before["version"] + 1
        kept[name] = {"type": kind, "value": given["Value"], "version": version, "changed": self._now()}
        return version

    def _told(self, names: list[str], given: Mapping[str, Any]) -> list[dict[str, Any]]:
        kept = self._kept.read()
        plain = given.get("WithDecryption", False)
        return [_document(name, kept[name], plain=plain) for name in names if name in kept]


def _begin(token: str | None) -> str:
    try:
        return base64.b64decode(token or "", validate=True).decode()
    except ValueError as error:
        raise Refusal("InvalidNextToken", "The specified token isn't valid.") from error


def _is_below(name: str, path: str, *, deep: bool) -> bool:
    return name.startswith(path) and (deep or "/" not in name.removeprefix(path))


def _document(name: str, kept: Mapping[str, Any], *, plain: bool) -> dict[str, Any]:
    hidden = kept["type"] == "SecureString" and not plain
    return {
        "Name": name,
        "Type": kept["type"],
        "Value": _encrypted(kept["value"]) if hidden else kept["value"],
        "Version": kept["version"],
        "LastModifiedDate": kept["changed"],
        "ARN": f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter{name}",
        "DataType": "text",
    }


def _encrypted(value: str) -> str:
    return base64.b64encode(hashlib.sha256(value.encode()).digest()).decode()


_OPERATIONS: dict[str, Callable[[Ssm, Mapping[str, Any]], dict[str, Any]]] = {
    "PutParameter": Ssm.put,
    "GetParametersByPath": Ssm.by_path,
    "GetParameter": Ssm.one,
    "GetParameters": Ssm.several,
    "DeleteParameter": Ssm.delete,
}
