"""An answer with an end but without a time that can be believed never switches the machine off."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.unit.box.machine import Machine
from tests.unit.box.service import NOON, Service, written

SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)
OFF = ["systemctl poweroff"]
LAST_YEAR = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)


@pytest.mark.parametrize("date", [None, "yesterday", "Thu, 31 Jan 2030 99:00:00 GMT", "", "2030-01-31T12:00:00Z"])
@pytest.mark.parametrize("now", [int(NOON.timestamp()), 999_999_999_999])
def test_without_a_date_nothing_is_switched_off(machine: Machine, service: Service, date: str | None, now: int) -> None:
    """However long the end is over by the machine's clock, as long as the service answers."""
    machine.now = now
    end = written(NOON - 5 * HOUR)
    service.says(service.honest(end, date=None, headers={} if date is None else {"Date": date}))
    for _ in range(2):
        assert machine.run("refresh").code == 0
    assert machine.expires_at() == end
    assert machine.done("systemctl") == []


@pytest.mark.parametrize("apart", [DAY + SECOND, 400 * DAY, LAST_YEAR - NOON - DAY], ids=str)
def test_with_an_absurd_date_nothing_is_switched_off(machine: Machine, service: Service, apart: timedelta) -> None:
    """A Date more than a day from the machine's clock is believed for what is shown, and not for that."""
    service.says(service.honest(written(NOON + HOUR), date=NOON + apart))
    assert machine.run("refresh").code == 0
    assert machine.done("systemctl") == []
    service.says(service.honest(written(NOON + apart + 2 * HOUR), date=NOON + apart))
    assert machine.run("refresh").code == 0
    assert "ends in 2 hours 0 minutes" in machine.run().out


@pytest.mark.parametrize("apart", [DAY, -DAY], ids=str)
def test_a_date_within_a_day_of_the_clock_is_believed(machine: Machine, service: Service, apart: timedelta) -> None:
    """A machine's clock may be wrong: up to there the service's counts alone."""
    service.tells(-HOUR - SECOND, now=NOON + apart)
    assert machine.run("refresh").code == 0
    assert machine.done("systemctl") == OFF


@pytest.mark.parametrize("date", [LAST_YEAR, None], ids=["absurd", "none"])
def test_after_it_both_clocks_must_agree(machine: Machine, service: Service, date: datetime | None) -> None:
    """With the service gone after such an answer, its time is not enough: the machine's clock must say so too."""
    service.says(service.honest(written(NOON), date=date))
    assert machine.run("refresh").code == 0
    machine.keep_record("http://127.0.0.1:1")
    machine.uptime += 3 * 3600
    machine.now = int((NOON + HOUR).timestamp())
    machine.run("refresh")
    assert machine.done("systemctl") == []
    machine.now += 1
    machine.run("refresh")
    assert machine.done("systemctl") == OFF


def test_a_clock_that_runs_ahead_is_not_enough_either(machine: Machine, service: Service) -> None:
    """The machine's clock is years ahead: the seconds since boot after the service's time must have passed."""
    machine.now = 999_999_999_999
    service.tells(HOUR)
    assert machine.run("refresh").code == 0
    machine.keep_record("http://127.0.0.1:1")
    machine.uptime += 2 * 3600
    machine.run("refresh")
    assert machine.done("systemctl") == []
    machine.uptime += 1
    machine.run("refresh")
    assert machine.done("systemctl") == OFF
