"""When a request is sent again; kept apart because it needs urllib3 at import time."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from urllib3 import BaseHTTPResponse, Retry
from urllib3.connectionpool import ConnectionPool
from urllib3.exceptions import MaxRetryError, ResponseError

from ccc.problem import PROBLEM

TIMES = 3
SAFE = frozenset({"GET", "DELETE"})
FROM_IN_FRONT = (502, 503, 504)


class Resending(Retry):
    """urllib3's policy, with one exception: a problem document is the service's own word and stands."""

    def increment(
        self,
        method: str | None = None,
        url: str | None = None,
        response: BaseHTTPResponse | None = None,
        error: Exception | None = None,
        _pool: ConnectionPool | None = None,
        _stacktrace: TracebackType | None = None,
    ) -> Self:
        """Return the policy for the next try, or raise MaxRetryError when there is none."""
        if response is not None and _pool and response.headers.get("Content-Type", "").startswith(PROBLEM):
            raise MaxRetryError(_pool, url or "", ResponseError("the service's own word"))
        return super().increment(method, url, response, error, _pool, _stacktrace)


def policy(*, keyed: bool) -> Resending:
    """Return the policy for a request; `keyed`: a POST that may be sent twice, by its Idempotency-Key or its nature."""
    return Resending(
        total=TIMES,
        allowed_methods=SAFE | {"POST"} if keyed else SAFE,
        status_forcelist=FROM_IN_FRONT,
        backoff_factor=0.1,
        raise_on_status=False,
        respect_retry_after_header=False,  # it may name hours: that is for the person to decide
    )
