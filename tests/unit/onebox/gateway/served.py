"""A gateway with a small Chalice application on a real socket, and a client that can be as rude as needed."""

from __future__ import annotations

import http.client
import json
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from chalice.app import Chalice, Response

from onebox.gateway.dispatch import Dispatch
from onebox.gateway.event import Request
from onebox.gateway.problems import Answer
from onebox.gateway.server import make_server
from onebox.gateway.wsgi import Gateway


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer as it came over the wire; header names are lower-case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


def small_app(meeting: threading.Barrier | None = None) -> Chalice:
    """An application that echoes what it was given; `meeting` makes requests to /meet wait for each other."""
    app = Chalice(app_name="small")
    app.log.propagate = False

    @app.route("/things/{thing}", methods=["GET", "POST"], content_types=["application/json"])
    def things(thing: str) -> dict[str, Any]:
        request = _current(app)
        event = request.to_original_event()
        return {"thing": thing, "method": request.method, "event": event, "context": app.lambda_context.aws_request_id}

    @app.route("/meet/{name}")
    def meet(name: str) -> dict[str, str]:
        if meeting is not None:
            meeting.wait(5)
        return {"name": name, "seen": _current(app).uri_params["name"]}

    @app.route("/cookies")
    def cookies() -> Response:
        return Response(body="ok", headers={"Set-Cookie": ["a=1", "b=2"], "Content-Type": "text/plain"})

    @app.route("/own-id")
    def own_id() -> Response:
        return Response(body="", status_code=204, headers={"X-Request-Id": "mine"})

    @app.route("/broken")
    def broken() -> Response:
        return Response(body={"set of": {1}})

    return app


def _current(app: Any) -> Any:
    return app.current_request


class Wire:
    """Talks to a port of this machine."""

    def __init__(self, port: int) -> None:
        self.port = port

    def request(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Reply:
        """One request over a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            sent = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, body, sent)
            answer = connection.getresponse()
            found = {name.lower(): value for name, value in answer.getheaders()}
            return Reply(status=answer.status, headers=found, body=answer.read())
        finally:
            connection.close()

    def raw(self, text: bytes) -> Reply:
        """Whatever bytes, and the answer to them."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
            connection.sendall(text)
            answer = http.client.HTTPResponse(connection)
            answer.begin()
            found = {name.lower(): value for name, value in answer.getheaders()}
            return Reply(status=answer.status, headers=found, body=answer.read())


@contextmanager
def served(
    app: Chalice,
    *,
    prefix: str = "",
    first: Callable[[Request], Answer | None] | None = None,
    trusted_proxy: str | None = None,
    page: Callable[[Answer], Answer] | None = None,
) -> Iterator[Wire]:
    """Serve the application (after `first`, if there is one) on a free port for as long as the block lasts.

    `page` shows refusals to browsers.
    """
    handlers = (*((first,) if first else ()), Dispatch(app).answer)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        port = listening.getsockname()[1]
        server = make_server(Gateway(handlers, prefix, page=page), listening, trusted_proxy=trusted_proxy)
        thread = threading.Thread(target=_run, args=(server,))
        thread.start()
        try:
            yield Wire(port)
        finally:
            _end(server, thread)


def _run(server: Any) -> None:
    server.run()


def _end(server: Any, thread: threading.Thread) -> None:
    """End the loop by taking everything out of its map (waitress has no other way), then close what was in it."""
    everything = list(server._map.values())
    server._map.clear()
    server.pull_trigger()
    thread.join(5)
    server.task_dispatcher.shutdown(timeout=5)
    for one in everything:
        if one.socket is not None:
            one.socket.close()
    server.close()
