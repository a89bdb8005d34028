"""The shared clock: an end comes without anybody asking, before the next paid hour begins."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from tests.stack.box import Box
from tests.stack.conftest import GuestKey


def test_the_end_comes_by_itself(box: Box, guest_key: GuestKey) -> None:
    """Past its end the server is deleted although nobody asks, and before another hour is begun."""
    instance_id = box.provision(guest_key.public)
    running = box.until(instance_id, "running")
    created = datetime.fromisoformat(box.servers()[0]["created"])
    expires_at = datetime.fromisoformat(running["expires_at"])
    assert (expires_at + timedelta(minutes=5) - created) % timedelta(hours=1) == timedelta(0)
    box.advance_clock(f"{int(running['seconds_left']) + 5}s")
    gone = box.until(instance_id, "deleted")
    assert gone["end_reason"] == "expired"
    assert box.servers() == []
    hours = (expires_at + timedelta(minutes=5) - created) // timedelta(hours=1)
    assert [one["hours"] for one in box.bill() if one["name"] == f"cc-{instance_id}"] == [hours]


def test_every_process_shows_the_same_time(box: Box) -> None:
    """After the clock was moved, gateway and provider give the same Date, and the rows agree with it."""
    box.advance_clock("3h")
    urls = (f"http://127.0.0.1:{box.port}/health", f"http://127.0.0.1:{box.emulator_port}/v1/servers")
    dates = [parsedate_to_datetime(box.header(url, "Date")) for url in urls]
    ahead = dates[0] - datetime.now(UTC)  # noqa: TID251 -- the real time is what the moved one is held against
    assert ahead > timedelta(hours=2, minutes=59)
    assert abs(dates[0] - dates[1]) <= timedelta(seconds=60)


def test_warnings_come_once_each(box: Box, guest_key: GuestKey) -> None:
    """An hour and ten minutes before the end a warning is in the maildir, once each."""
    instance_id = box.provision(guest_key.public, hours=2)
    left = int(box.until(instance_id, "running")["seconds_left"])
    box.advance_clock(f"{left - 3600 + 5}s")
    box.advance_clock("3000s")
    box.advance_clock("60s")
    name = f"cc-{instance_id}"
    warnings = [subject for subject, _ in box.mails() if name in subject and "ends in" in subject]
    assert len(warnings) == 2, box.mails()
    box.call("DELETE", f"/instances/{instance_id}")
    box.until(instance_id, "deleted")
