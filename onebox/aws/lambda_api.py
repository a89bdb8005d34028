"""Lambda's Invoke: carried out by the functions' hosts, at once or in the background.

An asynchronous invocation is answered with 202 and tried again up to the function's number of retries when it failed;
what waits is in memory, and lost when this process dies, as a nudge may be. Waits between tries are seconds here and
minutes at AWS.
"""

from __future__ import annotations

import json
import re
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import unquote

from onebox.aws.functions import Function
from onebox.aws.invoke import Invoker, NotReached, Outcome
from onebox.aws.wire import Asked, Reply, as_rest_json
from onebox.codebuild.refusal import Refusal

MOST_BYTES = 6 * 1024 * 1024
"""Of the payload of a synchronous invocation, and of its answer."""

MOST_BYTES_IN_BACKGROUND = 256 * 1024
"""Of an asynchronous one: what every region takes since the beginning."""

RETRY_AFTER_SECONDS = (1.0, 2.0)
"""A minute and two minutes at AWS."""

AT_ONCE_IN_BACKGROUND = 32

_PATH = re.compile(r"/2015-03-31/functions/([^/]+)/invocations")
_NAME = re.compile(r"(?:arn:aws:lambda:[a-z0-9-]+:\d{12}:function:|\d{12}:function:)?([A-Za-z0-9_-]+)(?::[^:]+)?")


class LambdaApi:
    """Invokes the given functions by name or ARN; `retry_after` are the waits before each further try."""

    def __init__(
        self, functions: Mapping[str, Function], invoker: Invoker, retry_after: Sequence[float] = RETRY_AFTER_SECONDS
    ) -> None:
        self._functions = {each.name: each for each in functions.values()}
        self._invoker = invoker
        self._retry_after = tuple(retry_after)
        self._background = ThreadPoolExecutor(AT_ONCE_IN_BACKGROUND, thread_name_prefix="invocation")
        self._closed = threading.Event()

    def takes(self, asked: Asked) -> bool:
        """By the path."""
        return _PATH.fullmatch(asked.path) is not None

    def answer(self, asked: Asked) -> Reply:
        """Invoke; Refusal."""
        function = self._function(asked.path)
        kind = asked.headers.get("x-amz-invocation-type", "RequestResponse")
        if kind not in {"RequestResponse", "Event", "DryRun"}:
            raise Refusal("InvalidParameterValueException", f"{kind} is no type of an invocation.")
        event = _event(asked.body, MOST_BYTES_IN_BACKGROUND if kind == "Event" else MOST_BYTES)
        if kind == "DryRun":
            return Reply(status=204)
        if kind == "Event":
            self.begin(function, event)
            return Reply(status=202)
        return self._answered(function, event)

    def refused(self, refusal: Refusal) -> Reply:
        """The protocol is rest-json; Lambda names the kind of fault in the body too."""
        fields = {"Type": "User" if refusal.status < 500 else "Service"}  # noqa: PLR2004 -- HTTP's server errors
        return as_rest_json(Refusal(refusal.code, refusal.message, refusal.status, fields=fields))

    def begin(self, function: Function, event: Any) -> None:
        """Carry out an invocation in the background, with the function's retries."""
        self._background.submit(self._carry_out, function, event)

    def close(self) -> None:
        """Begin nothing more; what goes on is not waited for."""
        self._closed.set()
        self._background.shutdown(wait=False, cancel_futures=True)

    def _function(self, path: str) -> Function:
        match = _PATH.fullmatch(path)
        named = _NAME.fullmatch(unquote(match[1])) if match else None
        if named is None or named[1] not in self._functions:
            raise Refusal(
                "ResourceNotFoundException", f"Function not found: {unquote(match[1]) if match else path}", 404
            )
        return self._functions[named[1]]

    def _answered(self, function: Function, event: Any) -> Reply:
        outcome = self._outcome(function, event)
        if len(outcome.payload) > MOST_BYTES:
            error = {"errorMessage": "Response payload size exceeded maximum allowed payload size (6291556 bytes)."}
            outcome = Outcome(
                request_id=outcome.request_id, error={**error, "errorType": "Function.ResponseSizeTooLarge"}
            )
        failed = {"X-Amz-Function-Error": "Unhandled"} if outcome.error is not None else {}
        headers = {"Content-Type": "application/json", "X-Amz-Executed-Version": "$LATEST", **failed}
        return Reply(headers=headers, body=outcome.payload)

    def _outcome(self, function: Function, event: Any) -> Outcome:
        try:
            return self._invoker.invoke(function.short, event)
        except NotReached as error:
            raise Refusal("ServiceException", "The service encountered an internal error.", 500) from error

    def _carry_out(self, function: Function, event: Any) -> None:
        for wait in (0.0, *self._retry_after[: function.retries]):
            if self._closed.wait(wait):
                return
            if self._succeeds(function, event):
                return
        _say({"event": "lambda.given_up", "level": "warning", "function": function.name})

    def _succeeds(self, function: Function, event: Any) -> bool:
        try:
            outcome = self._outcome(function, event)
        except Refusal:
            return False
        if outcome.error is not None:
            kind = outcome.error.get("errorType")
            _say({"event": "lambda.failed", "level": "warning", "function": function.name, "error": kind})
        return outcome.error is None


def _event(body: bytes, most: int) -> Any:
    if len(body) > most:
        message = f"{len(body)} byte payload is too large for the invocation (limit {most} bytes)"
        raise Refusal("RequestTooLargeException", message, 413)
    try:
        return json.loads(body or b"null")
    except (ValueError, RecursionError) as error:
        raise Refusal("InvalidRequestContentException", "Could not parse request body into json.") from error


def _say(line: dict[str, Any]) -> None:
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    sys.stdout.write(json.dumps({"at": at, **line}) + "\n")
    sys.stdout.flush()
