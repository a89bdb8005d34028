"""What an operator throws and looks at: pause, resume, accept-restore, admit, the kill switch, state, audit."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ccc.when import local_and_utc
from tests.unit.ccc.command_line import on_terminal
from tests.unit.ccc.conftest import Ccc
from tests.unit.ccc.service import ENTRY, RUNNING, STACK, STATE, WHY, Reply, Service, instance, problem

ID = "0123456789ab"
ADDRESS = "guest@example.org"
THROWN = {
    "pause": (["pause"], "/operator/pause", {}),
    "resume": (["resume"], "/operator/resume", {}),
    "accept-restore": (["accept-restore"], "/operator/accept-restore", {"plant_marker": False}),
    "planting": (["accept-restore", "--plant-marker"], "/operator/accept-restore", {"plant_marker": True}),
    "planting for none": (
        ["accept-restore", "--plant-marker", "--machines-are-gone", "--yes"],
        "/operator/accept-restore",
        {"plant_marker": True, "machines_are_gone": True},
    ),
    "admit": (["admit", ADDRESS], "/owners/admit", {"email": ADDRESS}),
    "by address": (["deprovision", "--email", ADDRESS], "/owners/deprovision", {"email": ADDRESS}),
}


@pytest.mark.parametrize("name", THROWN)
def test_a_switch_is_one_request(ccc: Ccc, service: Service, name: str) -> None:
    """It is a POST with what was typed, and a sentence; off a terminal nothing is asked."""
    words, path, body = THROWN[name]
    done = ccc(*words)
    assert done.code == 0
    assert done.out
    assert [(one.method, one.path, one.body) for one in service.asked] == [("POST", path, body)]


@pytest.mark.parametrize("name", THROWN)
def test_as_json_it_is_the_answer_as_served(ccc: Ccc, service: Service, name: str) -> None:
    """Nothing is renamed, added or dropped."""
    words, path, _ = THROWN[name]
    assert json.loads(ccc(*words, "--output", "json").out) == service.switches[path]


@pytest.mark.parametrize("name", THROWN)
def test_a_lost_answer_is_asked_for_again(ccc: Ccc, service: Service, name: str) -> None:
    """A repeat changes nothing, so a connection that is cut is no reason to leave a person in doubt."""
    service.reply_next(Reply(status=0, cut=True))
    assert ccc(*THROWN[name][0]).code == 0
    assert len(service.asked) == 2


@pytest.mark.parametrize("words", [*(words for words, _, _ in THROWN.values()), ["state"], ["audit"]], ids=" ".join)
def test_not_for_guests(ccc: Ccc, service: Service, words: list[str]) -> None:
    """A token that may not is exit code 4."""
    service.reply_next(problem(401, "unauthorized"))
    assert ccc(*words).code == 4


def test_resume_says_what_else_there_is(ccc: Ccc, service: Service) -> None:
    """That failed builds had held machines back, and that deleting is frozen and how to go on."""
    service.switches["/operator/resume"] = {**STACK, "breaker_was_open": True, "frozen": "the table was restored"}
    done = ccc("resume")
    assert "Failed builds in a row" in done.err
    assert "the table was restored" in done.err
    assert "Next: ccc accept-restore" in done.err


def test_another_stacks_marker_is_a_conflict(ccc: Ccc, service: Service) -> None:
    """What the service refuses is exit code 5, in its own words."""
    service.reply_next(problem(409, "no_marker", "The marker belongs to another stack."))
    done = ccc("accept-restore")
    assert done.code == 5
    assert "another stack" in done.err


@pytest.mark.parametrize(("word", "code", "sent"), [("y", 0, 1), ("n", 1, 0)])
def test_accepting_is_asked_for_on_a_terminal(
    environment: dict[str, str], service: Service, word: str, code: int, sent: int
) -> None:
    """With what it leads to; a no sends nothing."""
    ended, screen = on_terminal(environment, "accept-restore", "--plant-marker", answers=(("[y/N]", f"{word}\n"),))
    assert (ended, len(service.asked)) == (code, sent)
    assert "swept as orphans" in screen
    assert "the right project" in screen


@pytest.mark.parametrize(("word", "code", "sent"), [("yes", 0, 1), ("y", 1, 0), ("", 1, 0)])
def test_that_machines_are_gone_is_a_word_to_type(
    environment: dict[str, str], service: Service, word: str, code: int, sent: int
) -> None:
    """The whole word, after what it leads to; anything else sends nothing."""
    words = ("accept-restore", "--plant-marker", "--machines-are-gone")
    ended, screen = on_terminal(environment, *words, answers=(("is gone", f"{word}\n"),))
    assert (ended, len(service.asked)) == (code, sent)
    assert "forgotten, and costs on" in screen


@pytest.mark.parametrize(
    "words", [["--machines-are-gone", "--yes"], ["--plant-marker", "--machines-are-gone"]], ids=" ".join
)
def test_that_machines_are_gone_is_not_said_in_passing(ccc: Ccc, service: Service, words: list[str]) -> None:
    """Without --plant-marker, or off a terminal without --yes, it is a mistake and nothing is sent."""
    done = ccc("accept-restore", *words)
    assert (done.code, service.asked) == (2, [])
    assert "--machines-are-gone" in done.err


@pytest.mark.parametrize(("word", "code"), [("y", 0), ("n", 1)])
def test_the_kill_switch_is_asked_for_on_a_terminal(
    environment: dict[str, str], service: Service, word: str, code: int
) -> None:
    """With every machine it would end; a no ends none."""
    service.add(instance(ID, **RUNNING))
    ended, screen = on_terminal(environment, "deprovision", "--email", ADDRESS, answers=(("[y/N]", f"{word}\n"),))
    assert ended == code
    assert f"Instance {ID} of guest@example.org is running." in screen
    assert ("POST /owners/deprovision" in service.methods()) is (word == "y")
    assert service.asked[0].query["owner"] == ADDRESS


def test_yes_is_the_consent(environment: dict[str, str], service: Service) -> None:
    """With --yes nothing is asked and nothing is listed."""
    code, screen = on_terminal(environment, "deprovision", "--email", ADDRESS, "--yes")
    assert code == 0
    assert "[y/N]" not in screen
    assert service.methods() == ["POST /owners/deprovision"]


def test_the_kill_switch_says_what_it_ended(ccc: Ccc, service: Service) -> None:
    """One line a machine, whether the address was shut out before, and how to let it in again."""
    ended = [instance(ID, status="deleting"), instance("ffffffffffff", status="deleted")]
    service.switches["/owners/deprovision"] = {"ended": ended, "newly_excluded": False}
    done = ccc("deprovision", "--email", ADDRESS)
    assert done.out.splitlines() == [
        f"Instance {ID} is deleting.",
        "Instance ffffffffffff is deleted.",
        "The address was shut out before.",
    ]
    assert f"ccc admit {ADDRESS}" in done.err


@pytest.mark.parametrize("words", [[], [ID, "--email", ADDRESS]])
def test_an_id_or_an_address(ccc: Ccc, service: Service, words: list[str]) -> None:
    """Neither and both are a usage error, and nothing is sent."""
    done = ccc("deprovision", *words)
    assert done.code == 2
    assert "or --email ADDRESS" in done.err
    assert service.asked == []


def test_admitting_somebody_who_was_not_shut_out(ccc: Ccc, service: Service) -> None:
    """It is said, and is no error."""
    service.switches["/owners/admit"] = {"was_excluded": False}
    assert ccc("admit", ADDRESS).out == "It was not shut out.\n"


def test_the_state_of_a_quiet_service(ccc: Ccc) -> None:
    """One fact a line, and nothing late."""
    assert ccc("state").out.splitlines() == [
        "New machines: switched on (signing up: open)",
        "Failed builds: none in 24 h",
        "Deleting: as usual",
        "Marker: ours",
        "Live: 2 of 50",
        "Made in the last hour: 1 of 30",
        f"Requests to the provider: 41 of 3000 in the last hour, forgotten at {local_and_utc('2026-11-23T13:00:00Z')}",
        "Set aside in 2026-11: 1.20 of 500.00 EUR",
        "Running machines: 0.04 EUR so far, 0.08 EUR until their ends",
        "Late: nothing",
    ]


def test_the_state_of_a_service_in_trouble(ccc: Ccc, service: Service) -> None:
    """What is late, what did not arrive, what is held back, and what to type next."""
    held = {"open_until": "2026-11-23T13:00:00Z", "cause": "disk", "failures_in_a_row": 3, "reason": "Three failed."}
    service.switches["/operator/state"] = {
        **STATE,
        "breaker": held,
        "stack": {**STACK, "frozen": "the table was restored"},
        "late": [{"instance_id": ID, "status": "running", "why": "its end is over", "since": "2026-11-23T11:00:00Z"}],
        "undelivered": [{"instance_id": ID, "mail": "ready", "state": "undeliverable"}],
    }
    done = ccc("state")
    assert "Three failed." in done.out
    assert "Deleting: the table was restored" in done.out
    assert f"Late: {ID} (running): its end is over" in done.out
    assert f"Mail: ready of {ID} is undeliverable" in done.out
    assert [line.strip().removeprefix("Next: ") for line in done.err.splitlines()] == [
        "ccc resume",
        "ccc accept-restore",
        "ccc list",
    ]


def test_failed_builds_are_told_by_cause_and_how_many_more_hold_new_machines_back(ccc: Ccc, service: Service) -> None:
    """The last day's by cause, and those in a row; a service of an earlier release tells neither."""
    failed = {"hours": 24, "count": 5, "more": False, "by_cause": {"disk": 3, "timeout": 2}, "newest_at": None}
    breaker = {**STATE["breaker"], "cause": "disk", "failures_in_a_row": 2}
    service.switches["/operator/state"] = {**STATE, "breaker": breaker, "failed_builds": failed}
    assert ccc("state").out.splitlines()[1:3] == [
        "Failed builds: 5 in 24 h (3 disk, 2 timeout)",
        "Failed in a row: 2 of 3 that hold new machines back (disk)",
    ]
    service.switches["/operator/state"] = {**STATE, "failed_builds": {**failed, "count": 100, "more": True}}
    assert "Failed builds: 100 or more in 24 h" in ccc("state").out
    assert ccc("state").err.splitlines()[0] == "Next: ccc list --status failed"
    over = {**breaker, "failures_in_a_row": 3}
    service.switches["/operator/state"] = {**STATE, "breaker": over}
    assert "in a row" not in ccc("state").out
    service.switches["/operator/state"] = {**STATE, "breaker": {**over, "open_until": "2026-11-23T13:00:00Z"}}
    assert "Failed in a row: 3 of 3" in ccc("state").out
    earlier = {name: value for name, value in STATE.items() if name != "failed_builds"}
    earlier["breaker"] = {"open_until": None, "cause": "disk", "failures_in_a_row": 2, "reason": None}
    service.switches["/operator/state"] = earlier
    assert "Failed" not in ccc("state").out


def test_a_pause_is_the_first_thing_said(ccc: Ccc, service: Service) -> None:
    """Whoever wonders why nothing is made reads it in the first line."""
    service.switches["/operator/state"] = {**STATE, "stack": {**STACK, "paused": True}}
    assert ccc("state").out.startswith("New machines: switched off\n")


@pytest.mark.parametrize(
    ("words", "query"), [([], {}), ([f"cc-{ID}"], {"instance": ID}), (["--day", "2026-11-23"], {"day": "2026-11-23"})]
)
def test_the_audit_of_today_of_a_machine_and_of_a_day(
    ccc: Ccc, service: Service, words: list[str], query: dict[str, str]
) -> None:
    """Every entry is a line with who did what, when, and by which token."""
    done = ccc("audit", *words)
    assert done.out.splitlines()[1].split() == [
        "2026-11-23T12:00:00Z", "operator", "operator", "0a1b2c3d", "ended", ID, "released",
    ]  # fmt: skip
    assert service.asked[0].query == query


def test_the_audit_on_a_terminal_keeps_what_was_done(environment: dict[str, str], service: Service) -> None:
    """In 80 columns the token goes, and not what an entry is about; an id that was typed is not repeated."""
    about = "dry run of at most 3 20261123T120000-0a1b2c3d"
    service.switches["/operator/audit"] = {"entries": [{**ENTRY, "did": "reap_requested", "about": about}]}
    narrow = {**environment, "COLUMNS": "80", "NO_COLOR": "1"}
    for words in ([], [ID]):
        head, row = on_terminal(narrow, "audit", *words)[1].splitlines()
        assert ("dry run of at" in row, "TOKEN" in head, ID in row) == (True, False, not words)
        assert len(row) <= 80


def test_the_audit_as_json(ccc: Ccc) -> None:
    """It is the entries as served."""
    assert json.loads(ccc("audit", ID, "--output", "json").out) == {"entries": [ENTRY]}


def test_why_a_server_is_gone(ccc: Ccc, service: Service) -> None:
    """The answer first, then what the runs said, then who did what; a number is a server, an id an instance."""
    deleted, kept = "no row owns it; seen twice, unchanged", "it is younger than half an hour"
    assert ccc("why", "42").out.splitlines() == [
        "A run of 2026-11-23T12:00:00Z: deleted: no row owns it; seen twice, unchanged.",
        "Runs since 2026-11-23T10:00:00Z (8) said:",
        f"  2026-11-23T12:00:00Z deleted instance 0123456789ab server 42: {deleted} (run run-2)",
        f"  2026-11-23T11:30:00Z left alone server 42: {kept} (run run-1, 2 times since 2026-11-23T11:15:00Z)",
        "Audit:",
        "  2026-11-23T12:00:00Z operator ended: released",
    ]
    assert ccc("why", f"cc-{ID}").code == 0
    assert [asked.query for asked in service.asked] == [{"server": "42"}, {"instance": ID}]
    assert json.loads(ccc("why", "42", "--output", "json").out) == WHY
    assert ccc("why", "my-box").code == 2


def test_an_empty_audit_is_said(ccc: Ccc, service: Service) -> None:
    """Nothing changed is an answer too."""
    service.switches["/operator/audit"] = {"entries": []}
    done = ccc("audit")
    assert (done.code, "Nothing was changed." in done.err) == (0, True)


@pytest.mark.parametrize("day", ["yesterday", "2026-02-30", "20261123", ""])
def test_a_day_that_is_none_is_a_usage_error(ccc: Ccc, service: Service, day: str) -> None:
    """It is said what a day looks like, and nothing is sent."""
    done = ccc("audit", "--day", day)
    assert (done.code, service.asked) == (2, [])
    assert "--day: it is a day like 2026-11-23." in done.err


def test_a_machine_and_a_day_are_two_questions(ccc: Ccc, service: Service) -> None:
    """Both at once are a usage error."""
    assert ccc("audit", ID, "--day", "2026-11-23").code == 2
    assert service.asked == []


@pytest.mark.parametrize("document", [{}, {"entries": 3}, {"entries": ["x"]}])
def test_an_audit_in_another_form_is_an_error_in_words(ccc: Ccc, service: Service, document: dict[str, Any]) -> None:
    """What is no list of entries is not shown as one."""
    service.switches["/operator/audit"] = document
    assert ccc("audit").code == 1
