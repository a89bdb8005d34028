"""The end of a machine as a calendar file (RFC 5545): one entry for its whole life, which extensions move.

Calendars are shared, so no token is in it. A calendar program takes the entry with the highest SEQUENCE of one UID; it
rises with the paid hours, since every extension adds at least one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.headerregistry import Address
from typing import TYPE_CHECKING

from chalicelib.domain import lease
from chalicelib.domain.instance import Instance
from chalicelib.domain.notice import Kind, Notice
from chalicelib.web import words
from chalicelib.web.letters.spoken_end import spoken_end

if TYPE_CHECKING:
    from icalendar import Alarm, Event

PRODUCT = "-//Claude Code Cloud//Letters//EN"

BEFORE_END = timedelta(minutes=15)
"""How long before the end the entry begins, to be seen in a calendar at all."""

REMINDS = (timedelta(minutes=45), timedelta(0))
"""How long before the entry the calendar reminds: an hour before the end, or as the entry begins where that is past."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarFile:
    """An iCalendar object as text: `method` is PUBLISH or CANCEL (RFC 5546), `name` the file's name."""

    name: str
    method: str
    text: str


def calendar_file(instance: Instance, notice: Notice, organizer: Address) -> CalendarFile | None:
    """The file beside a letter, or None where the letter has none or the machine never ran."""
    end, machine = spoken_end(instance, notice), instance.machine
    if notice.kind not in {Kind.READY, Kind.EXTENDED, Kind.ENDED}:
        return None
    if end is None or machine is None or instance.running_at is None:
        return None
    cancelled = notice.kind is Kind.ENDED
    event = _event(instance, end.astimezone(UTC), organizer)
    event.add("dtstamp", notice.due_at.astimezone(UTC))
    event.add("sequence", lease.paid_hours(created_at=machine.created_at, ended_at=end) + cancelled)
    event.add("status", "CANCELLED" if cancelled else "CONFIRMED")
    event.add("description", f"{instance.name} is gone." if cancelled else _what_to_do(instance, end))
    ahead = next((before for before in REMINDS if end - BEFORE_END - before > notice.due_at), None)
    if ahead is not None and not cancelled:
        event.add_component(_alarm(instance, ahead))
    method = "CANCEL" if cancelled else "PUBLISH"
    return CalendarFile(name=f"{instance.name}.ics", method=method, text=_file(method, event))


def _event(instance: Instance, end: datetime, organizer: Address) -> Event:
    from icalendar import Event  # noqa: PLC0415 -- imported at the first calendar: most calls send none

    event = Event()
    event.add("uid", f"{instance.id}@{organizer.domain}")
    event.add("organizer", f"mailto:{organizer.addr_spec}")
    event.add("summary", f"{instance.name} ends")
    event.add("dtstart", end - BEFORE_END)
    event.add("dtend", end)
    event.add("transp", "TRANSPARENT")  # the machine ends; its owner is free to meet people
    return event


def _what_to_do(instance: Instance, end: datetime) -> str:
    return (
        f"Your machine {instance.name} and everything on it is deleted at {end.astimezone(UTC):%H:%M} UTC."
        " Push or copy your work before, or give it more time: the link is in the mails about this machine."
    )


def _alarm(instance: Instance, before: timedelta) -> Alarm:
    """A reminder so long before the entry begins."""
    from icalendar import Alarm  # noqa: PLC0415 -- same

    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", f"{instance.name} ends in {words.span(BEFORE_END + before)}")
    alarm.add("trigger", -before)
    return alarm


def _file(method: str, event: Event) -> str:
    from icalendar import Calendar  # noqa: PLC0415 -- same

    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("method", method)
    calendar.add_component(event)
    written: bytes = calendar.to_ical()
    return written.decode("utf-8")
