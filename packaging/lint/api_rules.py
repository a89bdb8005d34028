"""The API: one stage, throttled, whose access log holds no token, no address and no path.

A path holds tokens (`/confirm/{id}/{token}`), so a log may hold `$context.resourcePath`, the pattern, and never
`$context.path`. Execution logs hold paths, headers and bodies: they are off.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from lint.resolved import Stack

LOGGED = frozenset({
    "error.responseType",
    "httpMethod",
    "integration.latency",
    "requestId",
    "requestTime",
    "resourcePath",
    "responseLatency",
    "responseLength",
    "status",
})  # fmt: skip
"""What an access log may hold of `$context`."""

TIGHTER = (("/instances", "POST"), ("/", "POST"), ("/builds/{id}/{attempt}/claim", "POST"))
"""What strangers may call and what then costs us something: held tighter than all the rest."""

_VARIABLE = re.compile(r"\$(?:\{)?([A-Za-z_.-]+)")


def problems(stack: Stack) -> Iterator[str]:
    """A sentence for everything that is wrong with the API of a packaged template."""
    ((name, api),) = stack.resources("AWS::Serverless::Api").items()
    if "OpenApiVersion" not in api:
        yield f"{name}: SAM will make a second stage, called Stage"
    yield from _log_problems(str(api.get("AccessLogSetting", {}).get("Format", "")))
    yield from _setting_problems(api.get("MethodSettings", []), api["DefinitionBody"]["paths"])


def _log_problems(form: str) -> Iterator[str]:
    found = set(_VARIABLE.findall(form))
    if "context.requestId" not in found:
        yield "the access log has no request id"
    for variable in sorted(found - {f"context.{each}" for each in LOGGED}):
        yield f"the access log may not hold ${variable}"


def _setting_problems(settings: list[dict[str, Any]], paths: Mapping[str, Any]) -> Iterator[str]:
    held = {(_path(each["ResourcePath"]), each["HttpMethod"]): each for each in settings}
    if ("/*", "*") not in held:
        yield "the stage has no throttle"
        return
    for path, method in TIGHTER:
        rate = held.get((path, method), {}).get("ThrottlingRateLimit")
        if rate is None or rate >= held["/*", "*"]["ThrottlingRateLimit"]:
            yield f"{method} {path} is not held tighter than the rest"
    for (path, method), each in held.items():
        if path != "/*" and method.lower() not in paths.get(path, {}):
            yield f"{method} {path} is throttled and not there"
        if each.get("LoggingLevel") != "OFF" or each.get("DataTraceEnabled") is not False:
            yield f"{method} {path}: execution logs are on"


def _path(encoded: str) -> str:
    """`/~1instances` as `/instances`; the stage's own `/*` and the root stay as they are."""
    return encoded[1:].replace("~1", "/") if encoded.startswith("/~1") else encoded
