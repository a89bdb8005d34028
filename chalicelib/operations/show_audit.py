"""Show who changed what: of one instance, or of one day in UTC."""

from __future__ import annotations

from datetime import date

from chalicelib.domain.audit import AuditEntry
from chalicelib.operations.services import Services


def of_instance(services: Services, instance_id: str, *, limit: int) -> list[AuditEntry]:
    """The newest entries about an instance, newest first; none for one that never was, or that is long forgotten."""
    return services.audit.of_instance(instance_id, limit)


def of_day(services: Services, day: date | None, *, limit: int) -> list[AuditEntry]:
    """The newest entries of a day (None: today), newest first."""
    return services.audit.of_day(day or services.clock.now().date(), limit)
