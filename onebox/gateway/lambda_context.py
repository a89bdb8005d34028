"""What Lambda hands to a handler beside the event: a request id, and the time that is left."""

from __future__ import annotations

import time
import uuid


class LambdaContext:
    """The context of one call that may take `timeout_seconds` of real time."""

    function_version = "$LATEST"
    memory_limit_in_mb = 512

    def __init__(self, function_name: str, timeout_seconds: float, request_id: str | None = None) -> None:
        self.function_name = function_name
        self.aws_request_id = request_id or str(uuid.uuid4())
        self._until = time.monotonic() + timeout_seconds

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the call would be cut off; 0 when they are over."""
        return max(0, round((self._until - time.monotonic()) * 1000))
