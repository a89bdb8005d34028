"""The faults that answer instead of the route, as errors of the API."""

from collections.abc import Callable
from typing import Any

from hetzner_emulator.errors import ApiError, locked, out_of_stock
from hetzner_emulator.faults.fault import Fault

HTML = "<html>\r\n<head><title>{title}</title></head>\r\n<body><center><h1>{title}</h1></center></body>\r\n</html>\r\n"


def _error(fault: Fault) -> ApiError:
    more = fault.more
    status = int(more.get("status", 500))
    code = str(more.get("code", "service_error"))
    message = str(more.get("message", code.replace("_", " ")))
    return ApiError(status, code, message, more.get("details"), more.get("headers"))


def _limits(fault: Fault) -> ApiError:
    limits: list[Any] = fault.more.get("limits", ["server_limit"])
    details = {"limits": [{"name": name} for name in limits]}
    message = str(fault.more.get("message", "server limit reached"))
    return ApiError(403, "resource_limit_exceeded", message, details)


def _rate_limited(fault: Fault) -> ApiError:
    headers = {"RateLimit-Limit": "3600", "RateLimit-Remaining": "0"}
    headers |= {name: str(value) for name, value in fault.more.get("headers", {}).items()}
    return ApiError(429, "rate_limit_exceeded", "limit of 3600 requests per hour reached", None, headers)


ERRORS: dict[str, Callable[[Fault], ApiError]] = {
    "error": _error,
    "resource_unavailable": lambda fault: out_of_stock(fault.more.get("wording", "placement")),
    "limits": _limits,
    "locked": lambda fault: locked(fault.more.get("kind", "server")),
    "conflict": lambda _: ApiError(409, "conflict", "the resource has changed during the request"),
    "rate_limited": _rate_limited,
}
