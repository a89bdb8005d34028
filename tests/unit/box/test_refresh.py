"""`ccc-box refresh`: what is asked, when everybody is warned, and when the machine switches itself off."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from tests.unit.box.machine import INSTANCE_ID, Machine
from tests.unit.box.service import NOON, Service, written

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
OFF = ["systemctl poweroff"]
WARNING = "This machine ends in {}, at {} UTC, and everything on it is deleted."


def refresh(machine: Machine, service: Service, left: timedelta | None) -> str | None:
    """One run while the service tells this end; the end as written."""
    end = service.tells(left)
    done = machine.run("refresh")
    assert done.code == 0, done.err
    return end


def test_it_asks_with_the_token_and_keeps_the_end(machine: Machine, service: Service) -> None:
    """One GET of the machine's own route, and the end is in the state as it was told."""
    end = refresh(machine, service, 5 * HOUR)
    assert machine.expires_at() == end
    assert [(asked.method, asked.path) for asked in service.asked] == [("GET", f"/instances/{INSTANCE_ID}/box")]
    assert service.asked[0].headers["authorization"] == f"Bearer {machine.token}"


def test_the_token_is_never_on_a_command_line(machine: Machine, service: Service) -> None:
    """What everybody on the machine can see of curl, its arguments and its environment, has no token in it."""
    refresh(machine, service, HOUR)
    service.tells(2 * HOUR)
    assert machine.run("extend", "1").code == 0
    shown = machine.curl_was_given()
    assert f"{service.url}/instances/{INSTANCE_ID}/box/extend" in shown
    assert machine.token not in shown


def test_no_run_can_hang(machine: Machine, service: Service) -> None:
    """Every request has a limit for the connection and one for all of it."""
    refresh(machine, service, HOUR)
    given = machine.curl_was_given().splitlines()
    assert int(given[given.index("--connect-timeout") + 1]) <= 5
    assert int(given[given.index("--max-time") + 1]) <= 15


def test_the_services_path_may_end_in_a_slash(machine: Machine, service: Service) -> None:
    """An address with a slash behind it, or with a path of its own, is asked where it says."""
    machine.keep_record(f"{service.url}/api/")
    refresh(machine, service, HOUR)
    assert service.asked[0].path == f"/api/instances/{INSTANCE_ID}/box"


def test_everybody_is_warned_three_times_and_not_more(machine: Machine, service: Service) -> None:
    """Through the last hour and over its end: a warning at 60, at 10 and at 2 minutes, once each."""
    for minutes in (70, 61, 60, 59, 30, 11, 10, 9, 3, 2, 1, 0, -1):
        service.says(service.honest(written(NOON + 2 * HOUR), date=NOON + 2 * HOUR - minutes * MINUTE))
        assert machine.run("refresh").code == 0
    at = "2030-01-31 14:00"
    assert machine.done("wall") == [
        WARNING.format(left, at) for left in ("1 hour 0 minutes", "10 minutes", "2 minutes")
    ]


def test_a_new_end_is_warned_of_anew(machine: Machine, service: Service) -> None:
    """After an extension the three warnings are owed again, for the new end."""
    refresh(machine, service, 9 * MINUTE)
    refresh(machine, service, 69 * MINUTE)
    refresh(machine, service, 59 * MINUTE)
    refresh(machine, service, 9 * MINUTE)
    assert [line.split(",")[0] for line in machine.done("wall")] == [
        "This machine ends in 9 minutes",
        "This machine ends in 59 minutes",
        "This machine ends in 9 minutes",
    ]


def test_a_late_look_gives_one_warning(machine: Machine, service: Service) -> None:
    """A machine that first looks in its last minute says that, and not what should have been said before."""
    refresh(machine, service, MINUTE)
    refresh(machine, service, MINUTE)
    assert machine.done("wall") == [WARNING.format("1 minute", "2030-01-31 12:01")]


def test_it_warns_without_the_service(machine: Machine, service: Service) -> None:
    """The warnings come by what was learnt, when nobody answers any more."""
    refresh(machine, service, 70 * MINUTE)
    service.says(service.problem(503))
    machine.uptime += 11 * 60
    assert machine.run("refresh").code == 7
    assert machine.done("wall") == [WARNING.format("59 minutes", "2030-01-31 13:10")]


def test_a_warning_that_reaches_nobody_is_told(machine: Machine, service: Service) -> None:
    """Without anybody to warn the run goes on."""
    machine.program("wall", "#!/bin/sh\nexit 1\n")
    service.tells(MINUTE)
    done = machine.run("refresh")
    assert (done.code, done.err) == (0, "ccc-box: nobody could be warned.\n")


@pytest.mark.parametrize(("over", "off"), [(SECOND, []), (HOUR, []), (HOUR + SECOND, OFF), (1000 * HOUR, OFF)])
def test_it_powers_off_an_hour_after_an_end_that_the_service_confirms(
    machine: Machine, service: Service, over: timedelta, off: list[str]
) -> None:
    """Not in the hour after its end, in which the service deletes it; later nobody will."""
    refresh(machine, service, -over)
    assert machine.done("systemctl") == off


@pytest.mark.parametrize(("later", "off"), [(HOUR, []), (2 * HOUR, []), (2 * HOUR + SECOND, OFF)])
def test_it_powers_off_an_hour_after_the_last_end_it_learnt(
    machine: Machine, service: Service, later: timedelta, off: list[str]
) -> None:
    """With a service that is gone for good, the last end that was learnt counts."""
    refresh(machine, service, HOUR)
    machine.keep_record("http://127.0.0.1:1")
    machine.uptime += int(later.total_seconds())
    done = machine.run("refresh")
    assert done.code == 7
    assert done.err.startswith("ccc-box: the service at http://127.0.0.1:1 does not answer.")
    assert machine.done("systemctl") == off


def test_it_never_powers_off_while_the_service_says_otherwise(machine: Machine, service: Service) -> None:
    """Whatever was learnt and whatever the clocks say: an end in the future that is told now counts."""
    refresh(machine, service, -HOUR)
    machine.uptime += 10**6
    machine.now = 999_999_999_999
    refresh(machine, service, MINUTE)
    refresh(machine, service, None)
    assert machine.done("systemctl") == []


@pytest.mark.parametrize("now", [0, 999_999_999_999])
def test_a_clock_that_jumps_switches_nothing_off(machine: Machine, service: Service, now: int) -> None:
    """Without the service too: the seconds since boot are what passes."""
    refresh(machine, service, HOUR)
    service.says(service.problem(500))
    machine.now = now
    assert machine.run("refresh").code == 7
    assert machine.done("systemctl") == []


def test_without_any_end_nothing_happens(machine: Machine) -> None:
    """A machine that never learnt an end neither warns nor switches itself off."""
    machine.keep_record("http://127.0.0.1:1")
    machine.now = 999_999_999_999
    assert machine.run("refresh").code == 7
    assert (machine.done("wall"), machine.done("systemctl")) == ([], [])


def test_a_machine_of_ones_own_powers_off_by_its_clock(machine: Machine) -> None:
    """With an end that was built into the system and no service to ask, the clock decides."""
    machine.record.write_text(json.dumps({"instance_id": INSTANCE_ID, "expires_at": written(NOON)}))
    machine.state.mkdir()
    (machine.state / "expires_at").write_text(written(NOON) + "\n")
    machine.now = int((NOON + HOUR).timestamp())
    assert machine.run("refresh").code == 0
    assert machine.done("systemctl") == []
    machine.now += 1
    assert machine.run("refresh").code == 0
    assert machine.done("systemctl") == OFF


def test_a_state_that_cannot_be_written_does_not_hide_what_was_told(machine: Machine, service: Service) -> None:
    """With a full disk under the state, an old end in it does not switch off a machine that was given more time."""
    refresh(machine, service, -HOUR)
    machine.program("mv", "#!/bin/sh\nexit 1\n")
    machine.uptime += 10
    refresh(machine, service, 5 * HOUR)
    assert machine.done("systemctl") == []


def test_an_end_that_moves_earlier_is_believed(machine: Machine, service: Service) -> None:
    """The service's word counts in both directions."""
    refresh(machine, service, 5 * HOUR)
    end = refresh(machine, service, HOUR)
    assert machine.expires_at() == end
