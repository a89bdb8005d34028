"""The calendar file beside a letter: one entry per machine, moved by an extension, cancelled at the end."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from icalendar import Calendar

from chalicelib.domain.instance import EndReason
from chalicelib.domain.notice import Kind
from tests.letters import parsed
from tests.unit.api.world import ID
from tests.unit.web.letter_cases import END, TOKEN, Case, case

HOUR = timedelta(hours=1)


def moved(one: Case, hours: int) -> Case:
    """The same about a machine whose end lies so many hours later."""
    end = END + hours * HOUR
    return replace(one.changed(expires_at=end), notice=replace(one.notice, about=end))


def calendar_of(one: Case) -> Any:
    """The attached calendar, read by a library (whose own types are a union of every property there is)."""
    text = one.read().calendar
    assert text is not None
    return Calendar.from_ical(text)


def event_of(one: Case) -> Any:
    """The one entry of the attached calendar."""
    (event,) = calendar_of(one).events
    return event


@pytest.mark.parametrize("kind", [Kind.CONFIRM, Kind.EXISTS, Kind.ENDING, Kind.FAILED])
def test_other_letters_have_none(kind: Kind) -> None:
    """A warning moves nothing, and what has not run has no end."""
    assert case(kind).read().calendar is None


@pytest.mark.parametrize("kind", [Kind.READY, Kind.EXTENDED])
def test_an_entry_covers_the_last_quarter_of_an_hour(kind: Kind) -> None:
    """It ends with the machine, is stamped with the moment of writing, and reminds an hour before the end."""
    one = case(kind, before=2 * HOUR)
    calendar, event = calendar_of(one), event_of(one)
    assert (calendar["METHOD"], calendar["VERSION"]) == ("PUBLISH", "2.0")
    assert "Claude Code Cloud" in calendar["PRODID"]
    assert event["UID"] == f"{ID}@ccc.example.org"
    assert event["SUMMARY"] == f"cc-{ID} ends"
    assert event.decoded("DTSTART") == END - timedelta(minutes=15)
    assert event.decoded("DTEND") == END
    assert event.decoded("DTSTAMP") == END - 2 * HOUR
    assert event["STATUS"] == "CONFIRMED"
    (alarm,) = event.walk("VALARM")
    assert alarm["ACTION"] == "DISPLAY"
    assert alarm.decoded("TRIGGER") == -timedelta(minutes=45)
    assert alarm["DESCRIPTION"] == f"cc-{ID} ends in 1 hour"


@pytest.mark.parametrize("kind", [Kind.READY, Kind.EXTENDED])
@pytest.mark.parametrize(
    ("minutes", "reminded"),
    [
        (61, (-timedelta(minutes=45), f"cc-{ID} ends in 1 hour")),
        (60, (timedelta(0), f"cc-{ID} ends in 15 minutes")),
        (16, (timedelta(0), f"cc-{ID} ends in 15 minutes")),
        (15, None),
        (1, None),
    ],
)
def test_nothing_reminds_in_the_past(kind: Kind, minutes: int, reminded: tuple[timedelta, str] | None) -> None:
    """Written so many minutes before the end, a file reminds at a moment that is still ahead, or not at all."""
    found = event_of(case(kind, before=timedelta(minutes=minutes))).walk("VALARM")
    assert [(alarm.decoded("TRIGGER"), alarm["DESCRIPTION"]) for alarm in found] == ([reminded] if reminded else [])


def test_every_move_of_the_end_is_newer() -> None:
    """Ready, two extensions and the farewell are one entry with a rising number; the last cancels it."""
    life = [
        case(Kind.READY),
        moved(case(Kind.EXTENDED), 1),
        moved(case(Kind.EXTENDED), 5),
        moved(case(Kind.ENDED), 5),
    ]
    events = [event_of(one) for one in life]
    assert len({event["UID"] for event in events}) == 1
    numbers = [event["SEQUENCE"] for event in events]
    assert numbers == sorted(set(numbers))
    assert [event.decoded("DTEND") - END for event in events] == [0 * HOUR, HOUR, 5 * HOUR, 5 * HOUR]


@pytest.mark.parametrize("reason", [EndReason.EXPIRED, EndReason.RELEASED, EndReason.LOST])
def test_the_farewell_cancels_the_entry(reason: EndReason) -> None:
    """However early the machine ended, the entry of its last planned end is taken out, and nothing reminds of it."""
    one = case(Kind.ENDED).changed(end_reason=reason, ended_at=END - HOUR)
    assert calendar_of(one)["METHOD"] == "CANCEL"
    event = event_of(one)
    assert event["STATUS"] == "CANCELLED"
    assert event["UID"] == event_of(case(Kind.READY))["UID"]
    assert event["SEQUENCE"] > event_of(case(Kind.READY))["SEQUENCE"]
    assert event.walk("VALARM") == []


def test_a_machine_that_never_ran_has_nothing_to_cancel() -> None:
    """Its owner's calendar has no entry of it."""
    assert case(Kind.ENDED).changed(running_at=None, expires_at=None).read().calendar is None
    assert case(Kind.ENDED).changed(machine=None).read().calendar is None


@pytest.mark.parametrize("kind", [Kind.READY, Kind.EXTENDED, Kind.ENDED])
def test_calendars_are_shared_so_nothing_secret_is_in_them(kind: Kind) -> None:
    """Neither the token nor the guest's address nor the machine's."""
    text = case(kind).read().calendar
    assert text is not None
    unfolded = text.replace("\n ", "")
    assert TOKEN not in unfolded
    assert "guest@example.com" not in unfolded
    assert "192.0.2.10" not in unfolded


@pytest.mark.parametrize(("kind", "method"), [(Kind.READY, "PUBLISH"), (Kind.ENDED, "CANCEL")])
def test_the_part_is_named_for_mail_programs(kind: Kind, method: str) -> None:
    """Content type, method and file name are those that a mail program asks for."""
    (part,) = parsed(case(kind).letter()).iter_attachments()
    assert part["Content-Type"].params["method"] == method
    assert part["Content-Type"].params["name"] == part.get_filename() == f"cc-{ID}.ics"
    assert part.get_content_disposition() == "attachment"
