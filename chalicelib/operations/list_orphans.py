"""What servers without a row have cost: what the provider's invoice has and no row's ledger (`sweep.py` keeps it)."""

from __future__ import annotations

from chalicelib.operations.ports import OrphanPage
from chalicelib.operations.services import Services


def list_orphans(services: Services, *, limit: int, cursor: str | None = None) -> OrphanPage:
    """Those that sweeps have deleted, the newest first, for 90 days; InvalidInput for a cursor that is none."""
    return services.runs.orphans(limit, cursor)
