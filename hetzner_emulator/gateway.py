"""A request's way through the checks: route, token, rate, faults, JSON, then the route itself and the commit.

The order is the provider's. What is done to the finished answer is in `delivery`.
"""

import json
import logging
import re
import secrets
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from aiohttp import web

from hetzner_emulator.access import Access
from hetzner_emulator.call import Call, Reply
from hetzner_emulator.clock import http_date
from hetzner_emulator.delivery import abort, deliver, hold, refuse_with_html
from hetzner_emulator.emulator import Emulator
from hetzner_emulator.errors import ApiError, no_route
from hetzner_emulator.faults.fault import INSTEAD, Fault
from hetzner_emulator.faults.instead import ERRORS
from hetzner_emulator.faults.orders import Orders
from hetzner_emulator.rate import RateBucket
from hetzner_emulator.router import Router

Json = dict[str, Any]
_LOG = logging.getLogger(__name__)
_BASE = re.compile(r"/v1(?=/)")


@dataclass(slots=True, kw_only=True)
class _Exchange:
    """One request while it is looked at: the headers of its answer and the faults it met."""

    now: float
    headers: dict[str, str]
    faults: tuple[Fault, ...] = ()


class Gateway:
    """Answers everything under `/v1`."""

    def __init__(self, emulator: Emulator, router: Router, access: Access, orders: Orders) -> None:
        self._emulator = emulator
        self._router = router
        self._access = access
        self._orders = orders
        self._buckets: dict[str, RateBucket] = {}

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        body = await request.read()
        now = self._emulator.clock.now()
        exchange = _Exchange(now=now, headers={"X-Correlation-Id": secrets.token_hex(8), "Date": http_date(now)})
        try:
            reply = self._reply(request, body, exchange)
        except ApiError as error:
            self._emulator.world.commit()
            reply = Reply(status=error.status, body=error.body(), headers=error.headers)
        except Exception:  # noqa: BLE001 -- whatever is wrong here, the client gets the API's form of a 500
            _LOG.exception("the emulator failed on %s %s", request.method, request.path)
            failure = ApiError(500, "service_error", "the emulator failed, see its log")
            reply = Reply(status=500, body=failure.body())
        return await self._send(request, exchange, reply)

    async def _send(self, request: web.Request, exchange: _Exchange, reply: Reply) -> web.StreamResponse:
        headers = exchange.headers | reply.headers
        instead = next((fault for fault in exchange.faults if fault.do in INSTEAD), None)
        if instead is not None and instead.do in ("html_502", "html_200"):
            return refuse_with_html(instead, headers)
        if instead is not None and instead.do == "timeout_before_commit":
            return await hold(request, instead.seconds(3600))
        if instead is not None and instead.do == "reset_before_commit":
            return abort(request)
        return await deliver(request, exchange.faults, reply, headers)

    def _reply(self, request: web.Request, body: bytes, exchange: _Exchange) -> Reply:
        if not _BASE.match(request.path):
            raise no_route()
        path = request.path.removeprefix("/v1")
        handler, ids = self._router.find(request.method, path)
        project = self._access.project(request.headers.get("Authorization", ""))
        exchange.headers |= self._bucket(project, exchange.now).take(exchange.now)
        exchange.faults = self._orders.meet(request.method, path, _lenient(body))
        if refusal := self._refusal(exchange):
            raise refusal
        if exchange.faults and exchange.faults[-1].do in INSTEAD:
            self._emulator.world.commit()
            return Reply()
        reply = handler(
            Call(
                emulator=self._emulator,
                project=project,
                now=exchange.now,
                ids=tuple(unquote(ident) for ident in ids),
                url=str(request.url.with_query(None)),
                query=request.query,
                body=_strict(body),
                faults=exchange.faults,
            )
        )
        self._emulator.world.commit()
        return reply

    def _refusal(self, exchange: _Exchange) -> ApiError | None:
        for fault in exchange.faults:
            if fault.do in ERRORS:
                error = ERRORS[fault.do](fault)
                if fault.do == "rate_limited":
                    error.headers.setdefault("RateLimit-Reset", str(int(exchange.now + fault.seconds(1))))
                return error
        return None

    def _bucket(self, project: str, now: float) -> RateBucket:
        return self._buckets.setdefault(project, RateBucket(now))

    def drain(self, project: str, left: float) -> None:
        """Leave only `left` tokens in a project's bucket."""
        self._bucket(project, self._emulator.clock.now()).drain(left)


def _strict(body: bytes) -> Json:
    if not body.strip():
        return {}
    try:
        value = json.loads(body)
    except ValueError as error:
        raise ApiError(400, "json_error", "the request body is not valid JSON") from error
    if not isinstance(value, dict):
        raise ApiError(400, "json_error", "the request body must be a JSON object")
    return value


def _lenient(body: bytes) -> Json:
    try:
        return _strict(body)
    except ApiError:
        return {}
