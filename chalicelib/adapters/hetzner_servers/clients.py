"""The stock of hcloud clients: unmodified, without retries of their own, each used by one thread at a time.

It decides how a client is made and kept. It knows nothing of requests and answers; that is `api.py`.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import hcloud
    from requests.adapters import BaseAdapter

APPLICATION = "claude-code-cloud"


class HetznerClients:
    """Clients for one endpoint; a client that was made for an earlier token is thrown away.

    `transport` makes the requests adapter that carries the requests, for tests and simulations that need no socket.
    """

    def __init__(self, endpoint: str, *, transport: Callable[[], BaseAdapter] | None = None) -> None:
        self._endpoint = endpoint.rstrip("/")
        self._transport = transport
        self._idle: deque[tuple[str, hcloud.Client]] = deque()
        self._making = threading.Lock()

    @contextmanager
    def lent(self, token: str) -> Iterator[hcloud.Client]:
        """A client of this token that nobody else uses meanwhile; its open connection stays with it."""
        client = self._kept(token) or self._made(token)
        try:
            yield client
        finally:
            self._idle.append((token, client))

    def _kept(self, token: str) -> hcloud.Client | None:
        while True:
            try:
                made_for, client = self._idle.pop()
            except IndexError:
                return None
            if made_for == token:
                return client

    def _made(self, token: str) -> hcloud.Client:
        # One at a time: making a client changes the process's warning filters for a moment, which is not thread-safe.
        with self._making:
            import hcloud  # noqa: PLC0415 - 110 ms of a cold start that most calls never need

            client = hcloud.Client(token=token, api_endpoint=self._endpoint, application_name=APPLICATION)
        base = client._client  # noqa: SLF001 - there is no public way to what follows; the version is pinned
        # The library repeats a create after a timeout and then reports a conflict with its own first request.
        base._retry_max_retries = 0  # noqa: SLF001 - a test fails when this attribute stops working
        if self._transport is not None:
            base._session.mount(self._endpoint, self._transport())  # noqa: SLF001 - as above
            # It leads where it leads: no proxy of the environment and no ~/.netrc is looked up for each request.
            base._session.trust_env = False  # noqa: SLF001 - as above
        return client
