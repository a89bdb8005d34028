"""The machine's own clock, as the `Clock` port; this file and `file_clock.py` are the only readers of real time."""

from __future__ import annotations

from datetime import UTC, datetime


class SystemClock:
    """Real time."""

    def now(self) -> datetime:
        """Aware UTC, whole seconds."""
        return datetime.now(UTC).replace(microsecond=0)  # noqa: TID251 -- this file is the clock
