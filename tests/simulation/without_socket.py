"""One HTTP exchange without a socket: the requests library on one side, a handler of aiohttp on the other.

It knows neither provider nor product; who answers, and what that takes, is `emulated.py`.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

import requests
import urllib3
from aiohttp import web
from aiohttp.http import HttpVersion11, RawRequestMessage
from aiohttp.streams import EMPTY_PAYLOAD
from multidict import CIMultiDict, CIMultiDictProxy
from requests.adapters import HTTPAdapter
from yarl import URL

Answering = Callable[[requests.PreparedRequest, Any], web.Response]
"""Answers a request that waits so long; raises what the requests library raises of a network that fails."""


def request_of(
    loop: asyncio.AbstractEventLoop, wire: Wire, method: str, target: str, headers: Mapping[str, str], body: bytes
) -> web.Request:
    """A request as aiohttp's server hands it on, its body read, from a socket that is none."""
    every = CIMultiDict(headers)
    names = tuple((name.encode(), value.encode()) for name, value in every.items())
    message = RawRequestMessage(
        method=method,
        path=target,
        version=HttpVersion11,
        headers=CIMultiDictProxy(every),
        raw_headers=names,
        should_close=False,
        compression=None,
        upgrade=False,
        chunked=False,
        url=URL(target),
    )
    protocol: Any = SimpleNamespace(transport=wire, ssl_context=None, peername=None, sockname=None)
    nobody: Any = None
    request = web.Request(message, EMPTY_PAYLOAD, protocol, nobody, nobody, loop)
    request._read_bytes = body  # as if it had been read from the socket
    return request


class Wire:
    """The socket of one exchange: it remembers that it was cut, and whether somebody waited on it in silence."""

    def __init__(self) -> None:
        self._cut = False
        self._silent = False

    def get_extra_info(self, _name: str, default: Any = None) -> Any:
        """Nothing is known of a socket that is none."""
        return default

    def is_closing(self) -> bool:
        """A caller that waits for an answer which will not come has gone at once."""
        self._silent = True
        return True

    def abort(self) -> None:
        """Cut it."""
        self._cut = True

    def check(self) -> None:
        """Raise what a client sees of a connection that was cut."""
        if self._cut and self._silent:
            raise requests.ReadTimeout("timed out")
        if self._cut:
            raise requests.ConnectionError("reset")


class WithoutSocket(HTTPAdapter):
    """Carries requests of the requests library to whatever answers them in this process."""

    def __init__(self, answer: Answering) -> None:
        super().__init__()
        self._answer = answer

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,  # noqa: ARG002 -- the library's shape
        timeout: Any = None,
        verify: bool | str = True,  # noqa: ARG002 -- same
        cert: Any = None,  # noqa: ARG002 -- same
        proxies: Mapping[str, str] | None = None,  # noqa: ARG002 -- same
    ) -> requests.Response:
        """One exchange."""
        answer = self._answer(request, timeout)
        body = answer.body if isinstance(answer.body, bytes) else b""
        raw = urllib3.HTTPResponse(
            body=io.BytesIO(body), headers=dict(answer.headers), status=answer.status, preload_content=False
        )
        built: requests.Response = self.build_response(request, raw)
        return built
