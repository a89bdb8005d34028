"""The time that is left to the function that runs."""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass

from chalicelib import invocation


@dataclass
class _Context:
    milliseconds: int
    aws_request_id: str = "1"

    def get_remaining_time_in_millis(self) -> int:
        return self.milliseconds


def test_seconds_left_are_those_of_the_innermost_function_of_this_thread() -> None:
    """Seconds, not milliseconds; and nobody's outside, in another thread, or where the context does not say."""
    elsewhere: list[float] = []
    assert invocation.seconds_left() == math.inf
    with invocation.within(_Context(30_000)):
        assert invocation.seconds_left() == 30.0
        with invocation.within(_Context(1_500)):
            assert invocation.seconds_left() == 1.5
        assert invocation.seconds_left() == 30.0
        other = threading.Thread(target=lambda: elsewhere.append(invocation.seconds_left()))
        other.start()
        other.join()
        with invocation.within(object()):
            assert invocation.seconds_left() == math.inf
    assert elsewhere == [math.inf]
    assert invocation.seconds_left() == math.inf
