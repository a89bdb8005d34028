"""One request to Hetzner and its answer, or an error of `domain/errors/`: budget, timeouts, retries, pages.

It decides that changes are sent once and reads at most twice, at once. It knows no servers, keys or prices
(`servers.py`), nor what a refusal means (`errors.py`).

Every request is hcloud's lowest public call, `Client.request`: the library's objects make network calls of their own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from chalicelib.adapters.hetzner_servers.clients import HetznerClients
from chalicelib.adapters.hetzner_servers.errors import date_of, nonsense, refusal, silence
from chalicelib.adapters.hetzner_servers.heard import LastDate
from chalicelib.adapters.hetzner_servers.patience import Patience
from chalicelib.domain.errors import ProviderUnknown, TokenRejected

if TYPE_CHECKING:
    import requests

    from chalicelib.adapters.hetzner_servers.hearing import Hearing

Json = dict[str, Any]
Budget = Callable[[bool], None]

PER_PAGE = 50
"""Hetzner's largest page."""

MOST_PAGES = 500
"""25,000 entries; a project has far fewer, so more is a list that does not end."""

_PASSING = frozenset({HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE})


class HetznerApi:
    """One project's API.

    `token` is asked before every request. `budget` is called before every request, with True for the creation of a
    server, and may raise RateLimited. `patience` tells each request how long it may take. `last_date` is told the Date
    of each answer. Usable from several threads at once.
    """

    def __init__(
        self,
        clients: HetznerClients,
        token: Callable[[], str],
        budget: Budget,
        patience: Patience,
        last_date: LastDate,
    ) -> None:
        self._clients = clients
        self._token = token
        self._budget = budget
        self._patience = patience
        self._last_date = last_date

    def token(self) -> str:
        """The token in use; TokenRejected for one that could not even be sent."""
        token = self._token()
        # Such a header is refused by the library in a message that shows the token.
        if not re.fullmatch(r"[!-~]+", token):
            raise TokenRejected("The Hetzner token is empty, or has characters that no token has.")
        return token

    def read(self, path: str, **params: str | int) -> Json:
        """GET; repeated once, at once, after a lost connection, a 502 or a 503."""
        try:
            return self._once("GET", path, params=params)
        except ProviderUnknown as error:
            if not _has_passed(error):
                raise
        return self._once("GET", path, params=params)

    def change(self, method: str, path: str, body: Json | None = None, *, creates_server: bool = False) -> Json:
        """POST, PUT or DELETE, sent exactly once."""
        return self._once(method, path, creates_server=creates_server, json=body)

    def pages(self, path: str, key: str, **params: str | int) -> Iterator[Any]:
        """The entries of a list, page after page; any error aborts. ProviderUnknown for a list that runs in circles."""
        page = 1
        for _ in range(MOST_PAGES):
            answer = self.read(path, page=page, per_page=PER_PAGE, **params)
            entries = answer.get(key)
            if not isinstance(entries, list):
                raise nonsense(f"{key} is not a list")
            yield from entries
            following = _next_page(answer)
            if following is None:
                return
            if following <= page:
                raise nonsense(f"page {page} of {key} leads to page {following}")
            page = following
        raise nonsense(f"{key} has more than {MOST_PAGES} pages")

    def _once(self, method: str, path: str, *, creates_server: bool = False, **content: Any) -> Json:
        token = self.token()
        self._budget(creates_server)
        from chalicelib.adapters.hetzner_servers.hearing import (  # noqa: PLC0415 - brings requests: late, as hcloud
            Hearing,
        )

        timeouts = self._patience.now()
        hearing = Hearing(timeouts[1])
        settings = _settings(hearing, timeouts)
        answer = self._exchange(token, hearing, method, path, {**content, **settings})
        if hearing.status is None or not HTTPStatus.OK <= hearing.status < HTTPStatus.MULTIPLE_CHOICES:
            raise refusal(status=hearing.status, code=None, message="", details=None, headers=hearing.headers)
        if not isinstance(answer, dict):
            raise nonsense("the answer is not an object")
        return answer

    def _exchange(self, token: str, hearing: Hearing, method: str, path: str, settings: Json) -> Any:
        with self._clients.lent(token) as client:
            import hcloud  # noqa: PLC0415 - loaded by the client that was just lent
            import urllib3  # noqa: PLC0415 - as above

            try:
                return client.request(method, path, **settings)
            except hcloud.APIException as error:
                raise refusal(
                    status=hearing.status,
                    code=error.code,
                    message=str(error.message),
                    details=error.details,
                    headers=hearing.headers,
                ) from error
            # OSError is the root of what requests raises; the others are what the library stumbles over in a body.
            except (OSError, urllib3.exceptions.HTTPError, ValueError, LookupError, TypeError, RecursionError) as error:
                raise silence(error) from error
            finally:
                if hearing.status is not None:
                    self._last_date.note(date_of(hearing.headers))


def _settings(hearing: Hearing, timeouts: tuple[float, float]) -> Json:
    return {
        "timeout": timeouts,
        "hooks": {"response": hearing},
        "stream": True,  # the body is the hook's to read
        "allow_redirects": False,  # a redirected POST becomes a GET
        "auth": _as_it_is,
    }


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Keep the request's own Authorization, which a ~/.netrc would replace otherwise."""
    return request


def _has_passed(error: ProviderUnknown) -> bool:
    """Whether a read that failed like this may well succeed when repeated at once; a timeout has cost enough."""
    import requests  # noqa: PLC0415 - loaded by the request that just failed

    cause = error.__cause__
    if isinstance(cause, requests.ConnectionError):
        return not isinstance(cause, requests.Timeout)
    return error.data.get("status") in _PASSING


def _next_page(answer: Json) -> int | None:
    try:
        following = answer["meta"]["pagination"]["next_page"]
    except (LookupError, TypeError) as error:
        raise nonsense("a list without its meta.pagination") from error
    if following is not None and type(following) is not int:
        raise nonsense("meta.pagination.next_page")
    return following
