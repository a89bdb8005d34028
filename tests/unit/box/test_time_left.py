"""The line at login, the status line and tmux: what is said about the time left, and by whose clock."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from tests.unit.box.machine import Machine
from tests.unit.box.service import NOON, Answer, Service, written

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
SECOND = timedelta(seconds=1)


def learnt(machine: Machine, service: Service, left: timedelta, hours_left: int = 0) -> None:
    """Let the machine learn an end that is so far away."""
    service.tells(left, hours_left=hours_left)
    done = machine.run("refresh")
    assert (done.code, done.err) == (0, "")


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (59 * SECOND, "in less than a minute, at 2030-01-31 12:00 UTC"),
        (MINUTE, "in 1 minute, at 2030-01-31 12:01 UTC"),
        (2 * HOUR - SECOND, "in 1 hour 59 minutes, at 2030-01-31 13:59 UTC"),
        (HOUR + MINUTE, "in 1 hour 1 minute, at 2030-01-31 13:01 UTC"),
        (DAY, "in 1 day 0 hours, at 2030-02-01 12:00 UTC"),
        (6 * DAY + 23 * HOUR + 59 * MINUTE, "in 6 days 23 hours, at 2030-02-07 11:59 UTC"),
    ],
)
def test_one_line_tells_the_time_left(machine: Machine, service: Service, left: timedelta, words: str) -> None:
    """The time left is rounded down, never up, and the end is named in UTC, with what is lost then."""
    learnt(machine, service, left)
    done = machine.run()
    assert (done.code, done.err) == (0, "")
    assert done.out == (
        f"This machine ends {words}, and everything on it is deleted. More time: the link in your mail\n"
    )


def test_where_machines_may_extend_themselves_the_line_says_how(machine: Machine, service: Service) -> None:
    """Hours that can be added are offered by the command that adds them."""
    learnt(machine, service, 5 * HOUR, hours_left=3)
    assert machine.run().out.endswith("More time: ccc-box extend HOURS\n")


def test_after_the_end_it_says_since_when(machine: Machine, service: Service) -> None:
    """A machine that is still there after its end says that it is being deleted."""
    learnt(machine, service, -5 * MINUTE)
    assert machine.run().out == (
        "The time of this machine was over 5 minutes ago, at 2030-01-31 11:55 UTC: it is being deleted.\n"
    )


def test_an_end_that_was_never_told_is_not_made_up(machine: Machine) -> None:
    """Before the first answer there is one line and exit code 1, for a login that goes on all the same."""
    done = machine.run()
    assert (done.code, done.err) == (1, "")
    assert done.out == "The end of this machine is not known: the service has not told it yet.\n"
    assert machine.run("tmux").out == ""


def test_the_time_left_shrinks_as_time_goes_by(machine: Machine, service: Service) -> None:
    """Between two answers the seconds since boot are taken off."""
    learnt(machine, service, HOUR)
    machine.uptime += 90
    assert "in 58 minutes, at 2030-01-31 13:00 UTC" in machine.run().out


@pytest.mark.parametrize("now", [0, 999_999_999_999])
def test_a_clock_that_jumps_moves_nothing(machine: Machine, service: Service, now: int) -> None:
    """Whatever the machine's own clock says, before or after an answer, the service's time counts."""
    learnt(machine, service, HOUR)
    machine.now = now
    assert "in 1 hour 0 minutes" in machine.run().out
    learnt(machine, service, HOUR)
    assert "in 1 hour 0 minutes" in machine.run().out


def test_a_state_from_before_the_boot_is_read_by_the_clock(machine: Machine, service: Service) -> None:
    """Seconds since another boot mean nothing: the end is then held against the machine's clock."""
    learnt(machine, service, HOUR)
    machine.uptime, machine.now = 3, int((NOON + 20 * MINUTE).timestamp())
    assert "in 40 minutes" in machine.run().out


@pytest.mark.parametrize("date", [None, "yesterday", "Thu, 31 Jan 2030 99:00:00 GMT", "$(reboot)"])
def test_without_the_services_time_the_machines_counts(machine: Machine, service: Service, date: str | None) -> None:
    """An answer without a readable Date is measured by the machine's clock."""
    machine.now = int(NOON.timestamp())
    service.says(service.honest(written(NOON + HOUR), date=None, headers={} if date is None else {"Date": date}))
    assert machine.run("refresh").code == 0
    assert "in 1 hour 0 minutes" in machine.run().out


def test_an_old_answer_is_called_old(machine: Machine, service: Service) -> None:
    """When the service has not been heard for a while, the line says for how long."""
    learnt(machine, service, 5 * HOUR)
    machine.uptime += 25 * 60
    assert machine.run().out.endswith("(as told 25 minutes ago; the service does not answer)\n")


def test_a_machine_of_ones_own_goes_by_its_clock(machine: Machine, service: Service) -> None:
    """A record without a service: nobody is asked, and the end that was put into the state counts."""
    machine.record.write_text(json.dumps({"instance_id": "0123456789ab"}))
    machine.state.mkdir()
    (machine.state / "expires_at").write_text(written(NOON) + "\n")
    machine.now = int((NOON - 3 * HOUR).timestamp())
    assert machine.run("refresh").code == 0
    assert "in 3 hours 0 minutes, at 2030-01-31 12:00 UTC" in machine.run().out
    assert service.asked == []


@pytest.mark.parametrize("text", ["", "\n", "soon\n", "2030-99-31T12:00:00Z\n", "$(touch /tmp/x)\n", "2030-01-31\n"])
def test_a_spoilt_state_is_no_end(machine: Machine, text: str) -> None:
    """What is no time in the state is the same as none."""
    machine.state.mkdir()
    (machine.state / "expires_at").write_text(text)
    assert machine.run().code == 1


@pytest.mark.parametrize("text", ["", "x y z 0", "{end} 08 1 0", "{end} 1", "{end} $(reboot) 1 0", "{end} a[0] 1 0"])
def test_a_spoilt_measure_is_replaced_by_the_clock(machine: Machine, service: Service, text: str) -> None:
    """The state's second file is never calculated with before it has its shape."""
    learnt(machine, service, HOUR)
    (machine.state / "learnt").write_text(text.format(end=written(NOON + HOUR)) + "\n")
    machine.now = int(NOON.timestamp()) + 60
    assert "in 59 minutes" in machine.run().out


def test_a_measure_of_another_end_is_not_used(machine: Machine, service: Service) -> None:
    """An end that something else put into the state is held against the clock, not against what was learnt."""
    learnt(machine, service, HOUR)
    (machine.state / "expires_at").write_text(written(NOON + 3 * HOUR) + "\n")
    machine.now = int(NOON.timestamp())
    assert "in 3 hours 0 minutes" in machine.run().out


def test_an_end_that_is_taken_back_is_forgotten(machine: Machine, service: Service) -> None:
    """When the service knows of no end, neither does the machine."""
    learnt(machine, service, HOUR)
    service.tells(None)
    assert machine.run("refresh").code == 0
    assert machine.expires_at() is None
    assert machine.run().code == 1


def test_everybody_may_read_the_state_and_nothing_secret_is_in_it(machine: Machine, service: Service) -> None:
    """The state is for the guest's shells: open, and without the token."""
    service.tells(HOUR)
    machine.run("refresh", umask=0o077)
    files = sorted(path.name for path in machine.state.iterdir())
    assert files == ["expires_at", "learnt", "warned"]
    assert machine.state.stat().st_mode & 0o777 == 0o755
    for file in machine.state.iterdir():
        assert file.stat().st_mode & 0o444 == 0o444
        assert machine.token not in file.read_text()


CLAUDE = {"model": {"display_name": "Opus"}, "workspace": {"current_dir": "/home/claude/some project/"}}


def test_the_status_line_is_one_short_line(machine: Machine, service: Service) -> None:
    """Model, folder and time left."""
    learnt(machine, service, 3 * HOUR + 5 * MINUTE)
    done = machine.run("status-line", given=json.dumps(CLAUDE))
    assert (done.code, done.out, done.err) == (0, "Opus · some project · ends in 3h05m\n", "")


@pytest.mark.parametrize(
    "given",
    [
        "",
        "no json",
        "[]",
        "null",
        '{"model": "x", "workspace": 3}',
        "{" * 5000,
        '{"model": {}}',
        json.dumps(CLAUDE) * 2,
    ],
)
def test_the_status_line_lives_on_anything(machine: Machine, service: Service, given: str) -> None:
    """Whatever Claude Code says, the time left is there and the exit code is 0."""
    learnt(machine, service, 9 * MINUTE)
    done = machine.run("status-line", given=given)
    assert (done.code, done.out, done.err) == (0, "ends in 9m\n", "")


def test_the_status_line_lets_no_control_character_through(machine: Machine) -> None:
    """A folder's name cannot paint the terminal, nor fill it."""
    given = {"workspace": {"current_dir": "/home/claude/\x1b[2J\u202e\n" + "a" * 500}}
    out = machine.run("status-line", given=json.dumps(given)).out
    assert out == "[2J" + "a" * 37 + "\n"


@pytest.mark.parametrize(
    ("left", "line"),
    [
        (2 * DAY + HOUR, "ends in 2d1h"),
        (11 * MINUTE, "ends in 11m"),
        (10 * MINUTE, "#[fg=red]ends in 10m#[default]"),
        (-MINUTE, "#[fg=red]time is over#[default]"),
    ],
)
def test_tmux_shows_a_few_characters_and_red_near_the_end(
    machine: Machine, service: Service, left: timedelta, line: str
) -> None:
    """The last ten minutes are red."""
    learnt(machine, service, left)
    assert machine.run("tmux").out == line + "\n"


@pytest.mark.parametrize("word", ["help", "--help", "-h"])
def test_help_is_given_to_who_asks(machine: Machine, word: str) -> None:
    """The usage is on standard output then, and it is no mistake."""
    done = machine.run(word)
    assert (done.code, done.err) == (0, "")
    assert done.out == "usage: ccc-box [refresh | extend HOURS | status-line | tmux | help]\n"


@pytest.mark.parametrize("words", [["halp"], ["--halp"], ["help", "me"], ["refresh", "now"], ["tmux", "x"], [""] * 2])
def test_wrong_use_is_told_with_the_right_one(machine: Machine, service: Service, words: list[str]) -> None:
    """An unknown word is exit code 2 and the usage; nobody is asked."""
    service.says(Answer())
    done = machine.run(*words)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("usage: ccc-box")
    assert service.asked == []
