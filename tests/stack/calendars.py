"""The calendar file of a letter, read as a calendar program reads it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from icalendar import Calendar

from tests.letters import ReadLetter


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """The one event of a file, and what is to be done with it (`PUBLISH`, `CANCEL`)."""

    method: str
    uid: str
    sequence: int
    end: datetime


def entry_of(letter: ReadLetter) -> Entry:
    """The event in a letter's file."""
    assert letter.calendar is not None, letter.subject
    calendar = Calendar.from_ical(letter.calendar)
    (event,) = calendar.walk("VEVENT")
    return Entry(
        method=str(calendar["METHOD"]),
        uid=str(event["UID"]),
        sequence=int(str(event["SEQUENCE"])),
        end=event.decoded("DTEND"),
    )
