"""What servers that no instance accounts for have cost, as a table: the other half of the provider's invoice."""

from __future__ import annotations

from typing import Any

from ccc.output import say
from ccc.table import Column, show_table

COLUMNS = (
    Column(name="SERVER"),
    Column(name="TYPE"),
    Column(name="PLACE", spare=1),
    Column(name="FROM", spare=2),
    Column(name="DELETED"),
    Column(name="HOURS", right=True),
    Column(name="EUR", right=True),
    Column(name="LABEL", spare=3),
)
FIELDS = ("server_id", "server_type", "location", "created_at", "deleted_at", "hours", "eur", "instance_id")
ABSENT = "-"


def show_orphan_costs(costs: list[dict[str, Any]]) -> None:
    """Write one line for each server, the newest first; `-` is what nobody knows."""
    show_table(COLUMNS, [tuple(_cell(cost.get(field)) for field in FIELDS) for cost in costs])
    if not costs:
        say("No server without a row was deleted in the last 90 days.")


def _cell(value: object) -> str:
    return ABSENT if value is None else str(value)
