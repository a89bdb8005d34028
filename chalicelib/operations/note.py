"""Note in the audit what changes no row: written right after the change, as well as can be.

A switch that was thrown stays thrown when its entry cannot be written: then somebody is told by an alarm. What changes
a row needs none of this: `save.py` writes the entry with the row.
"""

from __future__ import annotations

from chalicelib.domain.audit import AuditEntry, Deed
from chalicelib.domain.errors import StoreUnavailable
from chalicelib.operations.services import Services


def note(
    services: Services, did: Deed, about: str = "", *, instance_id: str | None = None, server_id: int | None = None
) -> None:
    """Keep that whoever acts has done this just now.

    `instance_id` where it is about one that has no row to change, `server_id` where it is about a server of nobody's.
    """
    entry = AuditEntry(at=services.clock.now(), actor=services.actor, did=did, about=about, instance_id=instance_id)
    try:
        services.audit.record(entry, server_id=server_id)
    except StoreUnavailable:
        services.alarms.raise_alarm("audit.not_written", did=did.value, who=services.actor.who.value)
