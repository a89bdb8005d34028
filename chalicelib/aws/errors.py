"""Why an AWS service did not do what was asked, in four kinds: botocore's own exceptions end at `client.py`.

What a kind means for a port is each adapter's own table.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

BROKEN = 500

THROTTLES = frozenset(
    {
        "RequestLimitExceeded",
        "RequestThrottledException",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
"""The names that AWS's services have for "not so fast"."""


class AwsError(Exception):
    """The root; `code` is AWS's or botocore's name for the reason, never a text that could quote a request."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Answered(AwsError):
    """The service answered with an error: `status` is HTTP's, `message` the service's, `document` all it said."""

    def __init__(self, code: str, *, status: int, message: str, document: Mapping[str, Any]) -> None:
        super().__init__(code)
        self.status = status
        self.message = message
        self.document = document

    @property
    def throttled(self) -> bool:
        """Whether the same request may pass a moment later; it had no effect."""
        return self.code in THROTTLES

    @property
    def broken(self) -> bool:
        """Whether the service failed by itself: the request may have had its effect."""
        return self.status >= BROKEN


class NotConfigured(AwsError):
    """Nothing was sent, nor will be before somebody acts: no credentials, no region, a request that is none."""


class NotReached(AwsError):
    """The last try ended before a connection was there; if it was the only one, nothing was sent."""


class Silent(AwsError):
    """The request may have arrived, and no readable answer came."""
