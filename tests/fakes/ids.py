"""Ids in a row: the same in every run."""

from __future__ import annotations

import hashlib


class CountedIds:
    """The hash of a counter, so that ids look like ids and a trace repeats; `seed` tells two makers apart."""

    def __init__(self, seed: str = "ids") -> None:
        self._seed = seed
        self._count = 0

    def new(self) -> str:
        """The next id."""
        self._count += 1
        return hashlib.sha256(f"{self._seed}{self._count}".encode()).hexdigest()[:32]
