"""What `make smoke` asks of a running service over HTTP. It buys nothing and changes nothing: a reap run is a dry one.

Each check raises `Wrong` with what it saw, or returns what it found in a few words.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import urllib3

RUN_SECONDS, TYPES_SECONDS = 120.0, 180.0
"""A dry run asks the provider a few things; the first tick comes within a minute, and may be throttled once."""

SWEEP_FRESH = timedelta(minutes=40)
"""A tick starts a sweep when the last is older than a quarter of an hour."""

CATALOGUE_FRESH = timedelta(minutes=20)
"""A tick reads the provider's types every five minutes."""

BAD_TOKEN = "ccc_operator_"  # noqa: S105 -- the beginning of a token that nobody has
PROBLEM = "application/problem+json"


class Wrong(Exception):
    """Something is not as it should be; the text says what was seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The service at an address; `token` is an operator's, empty where there is none."""

    url: str
    token: str = field(default="", repr=False)
    wait: Callable[[float], None] = time.sleep
    now: Callable[[], float] = time.monotonic

    def ask(self, method: str, path: str, *, token: str = "", body: Any = None) -> urllib3.BaseHTTPResponse:
        """One request; Wrong when nothing answers."""
        headers = {"User-Agent": "ccc-smoke", **({"Authorization": f"Bearer {token}"} if token else {})}
        timeout = urllib3.Timeout(connect=5, read=35)
        try:
            with urllib3.PoolManager(timeout=timeout, retries=urllib3.Retry(total=2, redirect=0)) as pool:
                if body is None:
                    return pool.request(method, self.url + path, headers=headers)
                return pool.request(method, self.url + path, headers=headers, json=body)
        except urllib3.exceptions.HTTPError as error:
            raise Wrong(f"nothing answers ({type(error).__name__})") from None

    def document(self, path: str, *, token: str = "") -> dict[str, Any]:
        """The JSON object at a path; Wrong with the status or the service's own words."""
        answer = self.ask("GET", path, token=token)
        found = _json(answer)
        if answer.status != 200:  # noqa: PLR2004 -- HTTP's OK
            raise Wrong(f"status {answer.status}: {found.get('detail', 'no word why')}")
        return found

    def until(self, seconds: float, look: Callable[[], str | None]) -> str:
        """What a look returns once it returns something; Wrong when that takes too long."""
        end = self.now() + seconds
        while (found := look()) is None:
            if self.now() > end:
                raise Wrong(f"not within {seconds:g} s")
            self.wait(2.0)
        return found


Check = Callable[[Site], str]


def alive(site: Site) -> str:
    """The service answers."""
    return str(site.document("/health").get("status"))


def catalogue(site: Site) -> str:
    """There is something to have, and the tick has read it lately; the first tick of all is waited for."""

    def look() -> str | None:
        found = site.ask("GET", "/types")
        document = _json(found)
        if not document.get("types") or not document.get("read_at"):
            return None
        age = _server_time(found) - datetime.fromisoformat(document["read_at"])
        if age > CATALOGUE_FRESH:
            raise Wrong(
                f"{len(document['types'])} types, read {int(age.total_seconds() / 60)} minutes ago: no tick since?"
            )
        return f"{len(document['types'])} types"

    return site.until(TYPES_SECONDS, look)


def ready(site: Site) -> str:
    """Everything the service depends on is well, in its own opinion."""
    document = site.document("/health/ready")
    return ", ".join(sorted(document.get("checks", {}))) or "ready"


def description(site: Site) -> str:
    """The API describes itself, at its own address."""
    document = site.document("/openapi.json")
    servers = [str(each.get("url", "")).rstrip("/") for each in document.get("servers", [])]
    if servers and site.url not in servers:
        raise Wrong(f"it says that it is at {', '.join(servers)}: is CCC_PUBLIC_URL right?")
    return f"{len(document['paths'])} paths"


def page(site: Site) -> str:
    """A person gets a page."""
    answer = site.ask("GET", "/")
    kind = answer.headers.get("Content-Type", "")
    if answer.status != 200 or not kind.startswith("text/html"):  # noqa: PLR2004 -- HTTP's OK
        raise Wrong(f"status {answer.status}, {kind or 'no kind'}")
    if "Content-Security-Policy" not in answer.headers:
        raise Wrong("it has no Content-Security-Policy")
    return "a page"


def unknown_path(site: Site) -> str:
    """What is not there is refused in the form of all errors, by the gateway too."""
    return _refused(site.ask("GET", f"/{secrets.token_hex(8)}"), {404})


def wrong_method(site: Site) -> str:
    """What is there and not for this method is refused in the form of all errors."""
    return _refused(site.ask("DELETE", "/health"), {404, 405})


def bad_token(site: Site) -> str:
    """A token that nobody was given opens nothing."""
    return _refused(site.ask("GET", "/instances", token=BAD_TOKEN + secrets.token_urlsafe(32)), {401})


def marker(site: Site) -> str:
    """The provider's project is this stack's, nothing is frozen, and the tick sweeps."""
    document = site.document("/operator/state", token=site.token)
    stack = document["stack"]
    if stack.get("frozen"):
        raise Wrong(f"frozen: {stack['frozen']}")
    if stack.get("swept_at") is not None:
        age = datetime.fromisoformat(document["now"]) - datetime.fromisoformat(stack["swept_at"])
        if age > SWEEP_FRESH:
            raise Wrong(f"the last sweep was {int(age.total_seconds() / 60)} minutes ago")
    state = (stack.get("marker") or {}).get("state")
    if state != "ours":
        raise Wrong(f"the marker is {state or 'not read yet'}")
    return "ours" + (", paused: no new machines" if stack.get("paused") else "")


def dry_run(site: Site) -> str:
    """A reap run that changes nothing goes through, which needs table, keyring, worker, provider and marker."""
    started = site.ask("POST", "/reap", token=site.token, body={"dry_run": True})
    if started.status != 202:  # noqa: PLR2004 -- HTTP's Accepted
        raise Wrong(f"status {started.status}: {_json(started).get('detail', 'no word why')}")
    run = str(_json(started)["id"])

    def look() -> str | None:
        found = site.document(f"/reap/runs/{run}", token=site.token)
        if found["state"] not in {"done", "failed"}:
            return None
        if found["state"] == "failed" or found["errors"] or found["frozen"]:
            raise Wrong(f"{found['state']}: {'; '.join(map(str, found['errors'])) or found['frozen']}")
        looked = found["looked_at"]
        return f"{looked['rows']} rows, {looked['servers']} servers, {len(found['did'])} to do"

    return site.until(RUN_SECONDS, look)


OPEN: tuple[tuple[str, Check], ...] = (
    ("GET /health", alive),
    ("GET /types", catalogue),
    ("GET /health/ready", ready),
    ("GET /openapi.json", description),
    ("GET /", page),
    ("an unknown path", unknown_path),
    ("a wrong method", wrong_method),
    ("a bad token", bad_token),
)
OPERATORS: tuple[tuple[str, Check], ...] = (("a dry reap run", dry_run), ("the marker", marker))


def checks(site: Site) -> Iterator[tuple[str, Check | None]]:
    """All checks by name; None for one that needs a token and has none."""
    yield from OPEN
    for name, check in OPERATORS:
        yield name, check if site.token else None


def _refused(answer: urllib3.BaseHTTPResponse, statuses: set[int]) -> str:
    document = _json(answer)
    kind = answer.headers.get("Content-Type", "")
    if answer.status not in statuses:
        raise Wrong(f"status {answer.status}, and not {' or '.join(map(str, sorted(statuses)))}")
    if not kind.startswith(PROBLEM) or not {"code", "title", "status"} <= document.keys():
        raise Wrong(f"status {answer.status} in another form: {kind}, {sorted(document)}")
    return f"{answer.status} {document['code']}"


def _json(answer: urllib3.BaseHTTPResponse) -> dict[str, Any]:
    try:
        document = answer.json()
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def _server_time(answer: urllib3.BaseHTTPResponse) -> datetime:
    """The answer's own time: this machine's clock is nobody's measure."""
    try:
        return parsedate_to_datetime(answer.headers["Date"])
    except (KeyError, ValueError):
        raise Wrong("it has no Date") from None
