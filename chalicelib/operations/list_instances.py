"""List instances for the operator, newest first, a page at a time."""

from __future__ import annotations

from chalicelib.domain import email, tokens
from chalicelib.domain.instance import Instance, Status
from chalicelib.operations.ports import Page
from chalicelib.operations.services import Services

MAX_PAGES = 20
"""How many pages of the table one request may look through for rows that pass its filter."""


def list_instances(
    services: Services,
    *,
    ended: bool,
    status: Status | None,
    owner: email.EmailAddress | None,
    limit: int,
    cursor: str | None,
) -> Page:
    """A page of live instances, or with `ended` of all; a page may be short of `limit` and still have a next one."""
    key = None if owner is None else tokens.owner_key(services.keyring.pepper(), email.quota_form(owner))
    found: list[Instance] = []
    for _ in range(MAX_PAGES):
        page = services.instances.page(ended=ended, limit=limit - len(found), cursor=cursor)
        found += [row for row in page.instances if _passes(row, status, key)]
        cursor = page.next_cursor
        if cursor is None or len(found) >= limit:
            break
    return Page(instances=tuple(found), next_cursor=cursor)


def _passes(row: Instance, status: Status | None, owner: str | None) -> bool:
    return (status is None or row.status is status) and (owner is None or row.owner == owner)
