"""Give an instance a new manage token; the old ones are dead from that write on.

The serial is the manage purpose's alone: the tokens of the box and of builders live on.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from chalicelib.domain.errors import WriteConflict
from chalicelib.domain.instance import Instance
from chalicelib.operations import secrets_of
from chalicelib.operations.authorise import existing
from chalicelib.operations.save import save
from chalicelib.operations.services import Services

MAX_TRIES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotated:
    """The instance and its new token."""

    instance: Instance
    manage_token: str


def rotate_token(services: Services, instance_id: str) -> Rotated:
    """Raise the serial; NotFound."""
    for _ in range(MAX_TRIES):
        row = existing(services, instance_id)
        try:
            stored = save(services, replace(row, manage_serial=row.manage_serial + 1), before=row)
        except WriteConflict:
            continue
        return Rotated(instance=stored, manage_token=secrets_of.manage_token(services, stored))
    raise WriteConflict("Too many others are changing this instance. Try again.")
