"""The errors the API answers with: status, stable code, message and details, as the provider sends them."""

from typing import Any


class ApiError(Exception):
    """An answer that is an error; `headers` are added to the response."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        details: Any = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.details = details
        self.headers = headers or {}

    def body(self) -> dict[str, Any]:
        """Return the response's JSON."""
        return {"error": {"code": self.code, "message": self.message, "details": self.details}}


def invalid(field: str, message: str) -> ApiError:
    """Return the 422 that names one field."""
    details = {"fields": [{"name": field, "messages": [message]}]}
    return ApiError(422, "invalid_input", f"invalid input in field '{field}'", details)


def not_found(kind: str, ident: object) -> ApiError:
    """Return the 404 of a thing that is not in this project."""
    return ApiError(404, "not_found", f"{kind} with ID '{ident}' not found")


def no_route() -> ApiError:
    """Return the 404 of a path that does not exist."""
    return ApiError(404, "not_found", "api route not found")


def unsupported(what: str) -> ApiError:
    """Return the 422 of an operation this emulator does not imitate."""
    return ApiError(422, "unsupported_error", f"{what} is not supported here")


def taken(field: str, message: str) -> ApiError:
    """Return the 409 of a name or key that is used already."""
    details = {"fields": [{"name": field, "messages": ["already used"]}]}
    return ApiError(409, "uniqueness_error", message, details)


def locked(kind: str = "server") -> ApiError:
    """Return the 423 of a thing that has an action running."""
    return ApiError(423, "locked", f"cannot perform operation because {kind} is locked")


def protected(kind: str = "server") -> ApiError:
    """Return the 423 of a thing whose protection is on."""
    return ApiError(423, "protected", f"{kind} is protected")


_SHORTAGES = {
    "placement": "error during placement",
    "location_disabled": "server location disabled",
    "location_full": "we are unable to provision servers for this location, try with a different location or try later",
}


def out_of_stock(wording: str = "placement") -> ApiError:
    """Return the 412 in one of its three wordings: placement, location_disabled, location_full."""
    return ApiError(412, "resource_unavailable", _SHORTAGES[wording])
