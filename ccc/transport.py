"""One HTTP request to the service: time limits, what is sent again, and what an answer must be.

A request is sent again (three times at most, within about a second) when it never left, or when it is safe or carries
an Idempotency-Key and the answer was lost or came from something in front of the service (502, 503, 504). An answer
that is the service's own word is never asked for twice. Redirects are not followed: the token belongs to one address.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ccc import __version__
from ccc.away import Place, unreachable
from ccc.errors import BadAnswer, CliError
from ccc.manage_token import is_manage_token
from ccc.problem import PROBLEM, error_from

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse, PoolManager

CONNECT_SECONDS = 5.0
READ_SECONDS = 35.0  # API Gateway itself gives up after 29 s
NOT_MODIFIED = 304
NOT_FOUND = 404


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back with success: the JSON document (None for 304) and headers by lower-case name."""

    status: int
    document: Any
    headers: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request; `key` is its Idempotency-Key, `etag` what is known already, `hold` seconds it may be kept open.

    `repeatable` says of a POST without a key that sending it twice does what sending it once does. `answers` are the
    statuses beside the successes whose document is an answer here and no error.
    """

    method: str
    path: str
    query: dict[str, str] = field(default_factory=dict)
    body: dict[str, Any] | None = None
    key: str | None = None
    etag: str | None = None
    hold: int = 0
    repeatable: bool = False
    answers: frozenset[int] = frozenset()


class Transport:
    """Sends requests to one address with one token; raises Unreachable, or the error the service names."""

    def __init__(self, *, url: str, token: str | None, place: Place | None = None) -> None:
        """`place` is what is known of the address beside itself, for when nothing answers there."""
        self.url = url
        self._token = token
        self._place = place or Place(url=url)
        self._pool: PoolManager | None = None

    @property
    def token(self) -> str | None:
        """The token in use."""
        return self._token

    def close(self) -> None:
        """Close the connections that are still open."""
        if self._pool is not None:
            self._pool.clear()

    def send(self, request: Request) -> Answer:
        """Return the answer; raises Unreachable, BadAnswer, or what the service's problem document means."""
        response = self._exchange(request)
        headers = {name.lower(): value for name, value in response.headers.items()}
        if response.status == NOT_MODIFIED:
            return Answer(status=response.status, document=None, headers=headers)
        document = self._document(response, headers)
        if not (200 <= response.status < 300 or response.status in request.answers):  # noqa: PLR2004 HTTP's successes
            raise self._refusal(request, response.status, document, headers)
        if not isinstance(document, dict):
            raise self._not_ours(response.status, headers)
        return Answer(status=response.status, document=document, headers=headers)

    def _exchange(self, request: Request) -> BaseHTTPResponse:
        import urllib3  # noqa: PLC0415 80 ms that --help must not pay

        from ccc.resending import policy  # noqa: PLC0415 imports urllib3

        try:
            return self._connections().request(
                request.method,
                self.url + request.path,
                fields=request.query or None,
                body=None if request.body is None else json.dumps(request.body),
                headers=self._headers(request),
                timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS + request.hold),
                retries=policy(keyed=request.key is not None or request.repeatable),
                redirect=False,
            )
        except urllib3.exceptions.HTTPError as error:
            raise unreachable(self._place, getattr(error, "reason", None) or error) from error

    def _connections(self) -> PoolManager:
        import urllib3  # noqa: PLC0415 as above

        if self._pool is None:
            self._pool = urllib3.PoolManager()
        return self._pool

    def _headers(self, request: Request) -> dict[str, str]:
        known = {
            "Authorization": self._token and f"Bearer {self._token}",
            "Idempotency-Key": request.key,
            "If-None-Match": request.etag,
            "Content-Type": "application/json" if request.body is not None else None,
            "Accept": f"application/json, {PROBLEM}",
            "User-Agent": f"ccc/{__version__}",
        }
        return {name: value for name, value in known.items() if value}

    def _document(self, response: BaseHTTPResponse, headers: dict[str, str]) -> Any:
        try:
            return json.loads(response.data)
        except ValueError:
            if response.status < 400:  # noqa: PLR2004 an error may come without a document
                raise self._not_ours(response.status, headers) from None
            return None

    def _refusal(self, request: Request, status: int, document: Any, headers: dict[str, str]) -> CliError:
        if status == NOT_FOUND and not headers.get("content-type", "").startswith(PROBLEM):
            return BadAnswer(
                f"Something else than this service answers at {self.url}.", next_command="ccc context list"
            )
        lists = self._token is not None and not is_manage_token(self._token)
        return error_from(status, document, headers, self.url, request.path, lists=lists)

    def _not_ours(self, status: int, headers: dict[str, str]) -> BadAnswer:
        return BadAnswer(
            f"{self.url} answered ({status}), but not in this service's language: is the address right?",
            next_command="ccc context list",
            request_id=headers.get("x-request-id"),
        )
