"""The one client a table speaks through: made once, shared by all operations, its last answer's Date kept.

PynamoDB keeps the client to itself, makes it at the first use and again when the credentials were missing. Making one
is not thread-safe in botocore, so it happens behind a lock.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

from pynamodb.connection import Connection as VendorConnection

from chalicelib.adapters.dynamo_table.errors import translated
from chalicelib.adapters.dynamo_table.model import Row


class Connection:
    """The connection of a model's table."""

    def __init__(self, rows: type[Row]) -> None:
        self._rows = rows
        self._making = threading.Lock()
        self._watched: Any = None
        self.answered_at: datetime | None = None

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Within this a client exists, its answers are watched and its errors are translated (`errors.py`)."""
        with translated():
            self.shared()
            yield

    def shared(self) -> VendorConnection:
        """PynamoDB's connection under the model, for transactions: they would make a client of their own."""
        with self._making:
            connection = self._rows._get_connection().connection  # noqa: SLF001 -- PynamoDB 6.1 has no public way to it
            if connection.client is not self._watched:
                self._watched = connection.client
                self._watched.meta.events.register("after-call.dynamodb", self._note_date)
        return connection

    def _note_date(self, parsed: dict[str, Any], **_: Any) -> None:
        date = parsed.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
        try:
            self.answered_at = None if date is None else parsedate_to_datetime(date)
        except ValueError:
            self.answered_at = None
