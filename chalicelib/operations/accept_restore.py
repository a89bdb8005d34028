"""Accept a table that was restored from a backup, or plant the marker anew: an operator's word, after a look (R11).

A restored table has counted less far than the marker at the provider, and everything destructive is frozen. Accepting
raises the table's epoch above the marker's; the next sweep raises the marker. From then on servers that were made after
the backup are orphans, and rows whose servers are gone are losses: both under the usual doubts and caps.

Only planting asks the provider. It is for a marker that somebody deleted, or whose label cannot be read; a marker of
another stack is never touched. A project without our marker may be the wrong one, where every machine is a 404 that
would be believed from then on: so one of the table's machines has to answer there, or a person has to say that all are
gone (`expect_machine.py`).
"""

from __future__ import annotations

from dataclasses import replace

from chalicelib.domain.audit import Deed
from chalicelib.domain.errors import NoMarker
from chalicelib.operations.expect_machine import expect_machine
from chalicelib.operations.found_stack import unowned_key
from chalicelib.operations.marker import require_stack
from chalicelib.operations.note import note
from chalicelib.operations.ports import Marker, MarkerState, StackState
from chalicelib.operations.services import Services
from chalicelib.operations.switch import switch


def accept_restore(services: Services, *, plant_marker: bool, machines_are_gone: bool = False) -> StackState:
    """The `stack` item, not frozen any more; a repeat changes nothing.

    With `machines_are_gone` a marker is planted although no machine of the table is found: somebody deleted them all.
    NoMarker when the marker belongs to another stack, or a machine was expected and none answers. ProviderError,
    ProviderUnknown: ask again, nothing was thawed.
    """
    if plant_marker:
        return _planted(services, machines_are_gone=machines_are_gone)
    before, after = switch(services, _accepted)
    if before != after:
        note(services, Deed.RESTORE_ACCEPTED, f"epoch {after.epoch}")
    return after


def _accepted(stack: StackState) -> StackState:
    """Above the marker as it was last seen; the next look at it decides whether that was high enough."""
    if stack.frozen is None:
        return stack
    return replace(stack, frozen=None, epoch=_above(stack, None), marker_seen_at=None)


def _above(stack: StackState, marker: Marker | None) -> int:
    seen = marker.epoch if marker is not None else None
    return max(stack.epoch, stack.marker_epoch or 0, seen or 0) + 1


def _planted(services: Services, *, machines_are_gone: bool) -> StackState:
    """The marker first, with the epoch the table has; then the table's new epoch, then the marker's label."""
    marker = _marker(services, require_stack(services), machines_are_gone=machines_are_gone)

    def planted(stack: StackState) -> StackState:
        return replace(stack, marker_id=marker.marker_id, epoch=_above(stack, marker), frozen=None, marker_seen_at=None)

    _, after = switch(services, planted)
    if after.marker_id is not None:
        services.servers.raise_epoch(after.marker_id, after.uuid, after.epoch)
    said = ", all machines said to be gone" if machines_are_gone else ""
    note(services, Deed.RESTORE_ACCEPTED, f"epoch {after.epoch}, marker {after.marker_id}{said}")
    return after


def _marker(services: Services, stack: StackState, *, machines_are_gone: bool) -> Marker:
    """The marker as it stands, or a new one where there is none.

    Only the one whose id the table knows shows by itself that the project is ours.
    """
    token = services.servers.token_fingerprint()
    found = services.servers.read_marker(stack.uuid, stack.marker_id)
    if not machines_are_gone and (found.state is MarkerState.MISSING or found.marker_id != stack.marker_id):
        expect_machine(services)
    if found.state is MarkerState.MISSING:
        found = services.servers.plant_marker(stack.uuid, stack.epoch, unowned_key(services))
    if services.servers.token_fingerprint() != token:
        raise NoMarker("The provider's token was changed while this was looked at. Nothing was accepted: try again.")
    if found.state is not MarkerState.OURS or found.marker_id is None:
        raise NoMarker(
            "The marker in the provider's project belongs to another stack: this token, or this table, is not the one "
            "that belongs here. Nothing was changed."
        )
    return found
