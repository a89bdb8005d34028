"""What is noted beside the rows: by whom and when, and never instead of what it tells."""

from __future__ import annotations

from dataclasses import replace

from chalicelib.domain import audit
from chalicelib.domain.audit import AuditEntry, Deed
from chalicelib.domain.errors import StoreUnavailable
from chalicelib.operations.note import note
from tests.unit.domain.samples import TEN
from tests.unit.operations.world import World

WHO = audit.operator("0123456789abcdef" * 4)


def test_an_entry_says_who_did_what_and_when() -> None:
    """The actor is the one of the services, the moment the clock's."""
    world = World()
    note(replace(world.services, actor=WHO), Deed.PAUSED, "a word")
    (entry,) = world.services.audit.of_day(TEN.date(), 10)
    assert entry == AuditEntry(at=TEN, actor=WHO, did=Deed.PAUSED, about="a word")
    assert WHO.name == "01234567"


def test_an_entry_that_cannot_be_kept_is_an_alarm_and_no_error() -> None:
    """The switch was thrown: whoever threw it is told so, and somebody hears that the audit has a gap."""
    world = World()
    world.table.fail_next(StoreUnavailable("away"))
    note(replace(world.services, actor=WHO), Deed.PAUSED)
    assert world.alarms.raised == [("audit.not_written", {"did": "paused", "who": "operator"})]
