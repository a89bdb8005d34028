"""What Lambda hands to a Python handler beside the event.

Source: "Using the Lambda context object to retrieve Python function information" in AWS's Lambda developer guide.
"""

from __future__ import annotations

import time

from onebox.aws.host.settings import HostSettings


class Context:
    """The context of one invocation that may go on until `until` (the monotonic clock's seconds)."""

    function_version = "$LATEST"
    client_context = None
    identity = None

    def __init__(self, settings: HostSettings, request_id: str, until: float) -> None:
        self.function_name = settings.name
        self.invoked_function_arn = settings.arn
        self.memory_limit_in_mb = str(settings.memory)
        self.aws_request_id = request_id
        self.log_group_name = f"/aws/lambda/{settings.name}"
        self.log_stream_name = "onebox"
        self._until = until

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the environment is ended; 0 when they are over."""
        return max(0, int((self._until - time.monotonic()) * 1000))
