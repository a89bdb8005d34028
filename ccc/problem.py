"""What an error answer means here: a problem document (RFC 9457) becomes one of `errors.py`'s errors.

The codes are those of the service's error tree; a code that is not known here falls back to the HTTP status.
"""

from __future__ import annotations

import re
from typing import Any

from ccc.errors import CliError, Conflicted, Failed, NotAllowed, NotFound, Unwell, WrongUse
from ccc.when import span

PROBLEM = "application/problem+json"
SECONDS_DIGITS = 7  # more is no time that anybody waits
INTERNAL = 500  # from here on an HTTP status is the service's own trouble

# What the caller cannot mend by asking differently, whatever the status it comes with.
IN_THE_WAY = frozenset(
    {
        "limit", "quota", "budget", "stock", "paused", "no_builder", "provider_limit", "counter_full",
        "rate_limited", "conflict", "not_running", "deleting", "gone", "frozen",
    }
)  # fmt: skip

BY_STATUS: dict[int, type[CliError]] = {
    400: WrongUse,
    401: NotAllowed,
    402: Conflicted,
    403: NotAllowed,
    404: NotFound,
    409: Conflicted,
    410: Conflicted,
    422: WrongUse,
    429: Conflicted,
}

# How the fields of a request are called on a command line.
ARGUMENTS = {
    "hours": "HOURS",
    "server_type": "TYPE",
    "email": "EMAIL",
    "ssh_public_key": "SSH_KEY",
    "location": "--location",
    "owner": "--owner",
    "status": "--status",
    "confirm": "--confirm",
    "dry_run": "--dry-run",
    "day": "--day",
    "instance": "ID",
    "server": "SERVER",
}

ID = re.compile(r"/instances/([0-9a-f]{12})")

LIST = "ccc list"
WHICH_TOKEN = "ccc context show    (which token is in use; ccc context add saves another)"  # noqa: S105 not a token

NEXT = {
    "stock": "ccc types",
    "limit": LIST,
    "quota": LIST,
    "not_running": "ccc wait ID",
    "not_failed": "ccc status ID",
    "expired": "ccc provision EMAIL SSH_KEY    (signs up again)",
    "signup_closed": "ccc context add NAME --url URL --token TOKEN    (with a token of the operator)",
    "not_found": LIST,
    "unauthorized": WHICH_TOKEN,
}


def error_from(
    status: int, document: Any, headers: dict[str, str], url: str, path: str = "", *, lists: bool = True
) -> CliError:
    """Return the error that this answer of `url` to `path` means.

    `document` is the problem, or anything at all; the names of `headers` are in lower case. `lists` tells whether the
    token in use may list instances, which is then a way to go on.
    """
    problem = document if isinstance(document, dict) else {}
    code = str(problem.get("code") or "")
    said = problem.get("detail") or problem.get("title") or f"{url} answered {status} and gave no reason."
    kind, errors = _kind(status, code), problem.get("errors")
    message, details = _said_once(str(said), errors)
    return kind(
        message,
        details=(*details, *_patience(headers.get("retry-after", ""))),
        next_command=_next(_suggestion(kind, code, errors, lists=lists), path),
        request_id=headers.get("x-request-id") or problem.get("request_id"),
    )


def _patience(retry_after: str) -> tuple[str, ...]:
    """Return when to try again, in words, where the service says it in seconds (RFC 9110, 10.2.3)."""
    usable = retry_after.isascii() and retry_after.isdigit() and len(retry_after) <= SECONDS_DIGITS
    return (f"Try again in {span(int(retry_after))}.",) if usable else ()


def _kind(status: int, code: str) -> type[CliError]:
    if code in IN_THE_WAY and status in {422, 503}:
        return Conflicted
    return BY_STATUS.get(status, Unwell if status >= INTERNAL else Failed)


def _next(suggestion: str | None, path: str) -> str | None:
    subject = ID.search(path)
    return suggestion and (re.sub(r"\bID\b", subject.group(1), suggestion) if subject else suggestion)


def _suggestion(kind: type[CliError], code: str, errors: Any, *, lists: bool) -> str | None:
    if isinstance(errors, dict) and {"server_type", "location"} & errors.keys():
        return "ccc types"
    fallback = {NotFound: "not_found", NotAllowed: "unauthorized"}.get(kind, "")
    found = NEXT.get(code) or NEXT.get(fallback)
    if found == LIST and not lists:
        return WHICH_TOKEN if kind is NotFound else None
    return found


def _said_once(sentence: str, errors: Any) -> tuple[str, tuple[str, ...]]:
    """Return the sentence and the lines below it; a sentence that only strings the lines together gives way to them."""
    details = _details(errors)
    repeated = isinstance(errors, dict) and sentence == "; ".join(f"{name}: {why}" for name, why in errors.items())
    if not (repeated and details):
        return sentence, details
    return (details[0], ()) if len(details) == 1 else ("Some of it is not acceptable:", details)


def _details(errors: Any) -> tuple[str, ...]:
    """Return one line a field, from `{field: sentence}` or a list of either objects or sentences."""
    if isinstance(errors, dict):
        return tuple(f"{ARGUMENTS.get(name, name)}: {why}" for name, why in errors.items())
    if isinstance(errors, list):
        return tuple(_detail(one) for one in errors)
    return ()


def _detail(error: Any) -> str:
    if not isinstance(error, dict):
        return str(error)
    return ": ".join(str(value) for value in error.values())
