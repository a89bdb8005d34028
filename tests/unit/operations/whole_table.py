"""A table in memory whose whole content can be seen, so that a test can say what is in it and what is not."""

from __future__ import annotations

from tests.fakes.memory_table import MemoryTable


class WholeTable(MemoryTable):
    """`contents` is everything that a thief of the table would read."""

    def contents(self) -> dict[str, str]:
        """Every item and counter by its key, as text; equal texts are equal items."""
        items = {key: f"{item} {body}" for key, (item, body) in self._items.items()}
        return items | {key: str(add) for key, add in self._counters.items()}
