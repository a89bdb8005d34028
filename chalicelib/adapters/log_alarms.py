"""Alarms as log records of level ERROR, as the `Alarms` port; whoever watches the log turns them into a call.

The record's message is the event's name; `record.fields` holds the fields and `record.alarm` is true, which is what the
JSON formatter prints and a metric filter looks for.
"""

from __future__ import annotations

import contextlib
import logging
from typing import Any

_log = logging.getLogger("ccc.alarms")


class LogAlarms:
    """Alarms into the log of this process."""

    def raise_alarm(self, event: str, **fields: Any) -> None:
        """Log the event with its fields; never raises."""
        with contextlib.suppress(Exception):  # the port promises never to raise, and there is nowhere left to say it
            _log.error(event, extra={"alarm": True, "fields": fields})
