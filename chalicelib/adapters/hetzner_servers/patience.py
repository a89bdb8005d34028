"""How long one request may take: what such requests need, and never past the end of the function that sends it.

A function that Lambda ends in the middle of a request leaves its row's lease behind, and everything that it had still
to do; with the request cut short, the row is written and the rest goes on in the next minute.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

RECORDING = 2.0
"""Seconds that stay for writing down that there was no answer."""

SHORTEST = 3.0
"""Seconds that a request is given in any case: with less none would be answered, and its asker is late already."""


def for_ever() -> float:
    """Nobody ends whoever asks."""
    return math.inf


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds to `connect`, and seconds of `silence`, which also bound a body that drips; `seconds_left` as above."""

    connect: float
    silence: float
    seconds_left: Callable[[], float] = for_ever

    def now(self) -> tuple[float, float]:
        """Seconds to connect and seconds of silence for a request that is sent now.

        There may be two silences, before the headers and within the body: connecting and both fit into what is left.
        """
        left = max(SHORTEST, self.seconds_left() - RECORDING)
        connect = min(self.connect, left / 3)
        return connect, min(self.silence, (left - connect) / 2)
