"""The way to the control plane: one POST, and what its status means to a builder.

It decides what may be sent again (`NotNow`) and nothing of when; that is `insist`'s and its caller's.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeVar

import stamina
import urllib3

from builder.errors import NotNow, NotWanted, Refused

T = TypeVar("T")

_NOT_WANTED = frozenset({401, 403, 404, 409, 410})
_AGAIN = frozenset({408, 425, 429})
_OK = range(200, 300)
_BROKEN = range(500, 600)
_ANSWER_AT_MOST = 256 * 1024
_WAIT_AT_MOST = 30.0
"""A Retry-After may name hours; a build has minutes."""


class ControlPlane:
    """The `/builds/{id}/{attempt}/…` routes of one attempt below the public URL (no trailing slash)."""

    def __init__(self, url: str, instance_id: str, attempt: int) -> None:
        self._base = f"{url}/builds/{instance_id}/{attempt}"
        self._pool = urllib3.PoolManager(retries=False)

    def post(self, verb: str, token: str, document: dict[str, Any], timeout: float = 30) -> tuple[int, bytes]:
        """Send one document and return status and body of a 2xx.

        NotWanted, Refused: no effect. NotNow: it may have had its effect; the same document may be sent again.
        `timeout` bounds, in seconds, the wait for the answer; connecting has 5 s.
        """
        try:
            answer = self._pool.request(
                "POST",
                f"{self._base}/{verb}",
                body=json.dumps(document, ensure_ascii=False, allow_nan=False).encode(),
                headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
                timeout=urllib3.Timeout(connect=min(5.0, timeout), read=timeout),
                preload_content=False,
            )
            try:
                body = answer.read(_ANSWER_AT_MOST)
            finally:
                answer.close()
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise NotNow(f"no answer ({type(error).__name__})") from error
        return _judged(answer.status, answer.headers.get("Retry-After"), body)

    def close(self) -> None:
        """Let go of the connections."""
        self._pool.clear()


def _judged(status: int, retry_after: str | None, body: bytes) -> tuple[int, bytes]:
    if status in _OK:
        return status, body
    if status in _NOT_WANTED:
        raise NotWanted(f"the control plane answered {status}")
    if status in _AGAIN or status in _BROKEN:
        raise NotNow(f"the control plane answered {status}", _seconds(retry_after))
    raise Refused(status)


def _seconds(retry_after: str | None) -> float | None:
    try:
        value = float(retry_after or "")
    except ValueError:
        return None  # an HTTP date, or nothing: our own pace is good enough
    return min(value, _WAIT_AT_MOST) if value >= 0 else None


def insist(call: Callable[[], T], *, left: Callable[[], float], first: float, longest: float) -> T:
    """Call until it does not raise NotNow, or nothing is `left()`: then the last NotNow comes out.

    Waits grow from `first` to `longest` seconds with some jitter, unless an answer named one.
    """

    def again(error: Exception) -> bool | float:
        if not isinstance(error, NotNow) or left() <= 0:
            return False
        return True if error.after is None else error.after

    for attempt in stamina.retry_context(
        on=again, attempts=None, timeout=None, wait_initial=first, wait_max=longest, wait_jitter=first / 2
    ):
        with attempt:
            return call()
    raise AssertionError("a retry without limit ends by its result or its error")
