"""Expire all leases: for whoever knows that every holder is dead (one box, when its supervisor starts).

Builds may have died as well, so rows that wait for one are looked at again too.
"""

from __future__ import annotations

import contextlib
from dataclasses import replace

from chalicelib.domain.errors import WriteConflict
from chalicelib.domain.instance import Status
from chalicelib.operations.services import Services

PAGE = 200


def expire_leases(services: Services) -> int:
    """Free every live row that is held or waits for a build, and make it due now; how many there were."""
    count, cursor, now = 0, None, services.clock.now()
    while True:
        page = services.instances.page(ended=False, limit=PAGE, cursor=cursor)
        for row in page.instances:
            if row.lease_id is not None or row.status is Status.INSTALLING:
                with contextlib.suppress(WriteConflict):  # a living worker changed it: then it is not stuck
                    services.instances.write(replace(row, lease_id=None, lease_until=None, due_at=now), before=row)
                    count += 1
        cursor = page.next_cursor
        if cursor is None:
            return count
