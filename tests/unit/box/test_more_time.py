"""`ccc-box extend`: what is sent, what is said to each refusal, and that a lost answer adds nothing twice."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from tests.unit.box.machine import INSTANCE_ID, Machine
from tests.unit.box.service import Answer, Service

HOUR = timedelta(hours=1)


def test_more_time_is_asked_for_and_told(machine: Machine, service: Service) -> None:
    """One POST with the hours and a key of its own; the new end is said, kept, and shown from then on."""
    end = service.tells(5 * HOUR, hours_left=1)
    machine.state.mkdir()
    done = machine.run("extend", "2")
    assert (done.code, done.err) == (0, "")
    assert done.out == (
        "This machine now ends in 5 hours 0 minutes, at 2030-01-31 17:00 UTC. 1 more hour can be added.\n"
    )
    asked = service.asked[0]
    assert (asked.method, asked.path) == ("POST", f"/instances/{INSTANCE_ID}/box/extend")
    assert json.loads(asked.body) == {"hours": 2}
    assert asked.headers["content-type"] == "application/json"
    assert machine.expires_at() == end


def test_every_wish_has_a_key_of_its_own(machine: Machine, service: Service) -> None:
    """Two wishes are two extensions."""
    service.tells(5 * HOUR)
    machine.run("extend", "1")
    machine.run("extend", "1")
    keys = [asked.headers["idempotency-key"] for asked in service.asked]
    assert len(set(keys)) == 2
    assert all(key.startswith("box-") and len(key) == 40 for key in keys)


@pytest.mark.parametrize("lost", [Answer(raw=b""), Answer(status=502, body=b"<html>"), Service.problem(503)])
def test_a_lost_answer_is_asked_for_again_under_its_key(machine: Machine, service: Service, lost: Answer) -> None:
    """The same key is sent until there is an answer, so that no hour is added twice."""
    service.tells(5 * HOUR)
    service.says(lost, lost, *service.answers)
    assert machine.run("extend", "1").code == 0
    keys = [asked.headers["idempotency-key"] for asked in service.asked]
    assert (len(keys), len(set(keys))) == (3, 1)
    assert len(machine.done("sleep")) == 2


def test_an_empty_answer_does_not_stand_for_an_earlier_one(machine: Machine, service: Service) -> None:
    """A failure whose body has an end, and then a yes with nothing in it: nothing was granted."""
    service.tells(5 * HOUR)
    body = service.answers[0].body
    service.says(Answer(status=503, body=body), Answer(body=b""))
    done = machine.run("extend", "1")
    assert (done.code, done.out) == (7, "")


def test_without_a_network_it_says_so(machine: Machine) -> None:
    """Exit code 7 and what to look at, after three tries."""
    machine.keep_record("http://127.0.0.1:1")
    done = machine.run("extend", "1")
    assert (done.code, done.out) == (7, "")
    assert done.err == "ccc-box: the service at http://127.0.0.1:1 does not answer. Is the network up?\n"


@pytest.mark.parametrize(("status", "code"), [(403, 4), (409, 5), (410, 5), (422, 5), (400, 5)])
def test_a_refusal_is_said_in_the_services_words(machine: Machine, service: Service, status: int, code: int) -> None:
    """Each has its exit code, is asked once, and leaves the end as it was."""
    end = service.tells(HOUR)
    machine.run("refresh")
    service.says(service.problem(status, detail="A machine lives at most 168 hours; 3 more can be added."))
    done = machine.run("extend", "9")
    assert (done.code, done.out) == (code, "")
    assert done.err == "ccc-box: A machine lives at most 168 hours; 3 more can be added.\n"
    assert len(service.asked) == 2
    assert machine.expires_at() == end


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (403, "the operator does not let machines extend themselves. Use the link in your mail."),
        (410, "the end of this machine cannot be moved any more."),
        (422, "the service does not accept that number of hours."),
        (404, "the service does not know this machine, or not by this token."),
    ],
)
@pytest.mark.parametrize("body", [b"", b"<html>no</html>", b"[]", b'{"detail": 7}', b'{"detail": null}'])
def test_a_refusal_without_words_gets_ours(
    machine: Machine, service: Service, status: int, words: str, body: bytes
) -> None:
    """Whatever stands between the machine and the service, there is a sentence."""
    service.says(Answer(status=status, body=body))
    assert machine.run("extend", "1").err == f"ccc-box: {words}\n"


def test_a_refusals_words_cannot_act_on_the_terminal(machine: Machine, service: Service) -> None:
    """Control characters are taken out, and a novel is cut short."""
    service.says(service.problem(409, detail="\x1b]0;owned\x07\r\n\u202e$(systemctl poweroff)" + "x" * 1000))
    err = machine.run("extend", "1").err
    assert err.startswith("ccc-box:  ]0;owned    $(systemctl poweroff)xxx")
    assert len(err) < 350
    assert err.removesuffix("\n").isprintable()
    assert machine.done("systemctl") == []


@pytest.mark.parametrize("body", [b"<html>", b'{"expires_at": null, "hours_left": 0}', b"{}"])
def test_a_yes_without_an_end_is_no_yes(machine: Machine, service: Service, body: bytes) -> None:
    """Only an answer with the new end is told as a success."""
    service.says(Answer(body=body))
    done = machine.run("extend", "1")
    assert (done.code, done.out) == (7, "")


@pytest.mark.parametrize(
    "words", [[], ["0"], ["-1"], ["01"], ["1.5"], ["two"], ["1", "2"], ["99999"], ["1;reboot"], ["$(reboot)"], [""]]
)
def test_what_is_no_number_of_hours_is_not_sent(machine: Machine, service: Service, words: list[str]) -> None:
    """Exit code 2 with an example."""
    done = machine.run("extend", *words)
    assert (done.code, done.out) == (2, "")
    assert done.err == "ccc-box: say how many whole hours to add, for example: ccc-box extend 2\n"
    assert service.asked == []


def test_a_state_that_is_not_ours_to_write_does_not_hide_the_answer(machine: Machine, service: Service) -> None:
    """The end is said even where it cannot be kept: the next refresh will learn it."""
    service.tells(5 * HOUR)
    assert not machine.state.exists()
    done = machine.run("extend", "1")
    assert (done.code, done.err) == (0, "")
    assert not machine.state.exists()
