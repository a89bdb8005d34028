"""What the letters say: the fact that each is written for, first, with its link alone on a line."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.build import Cause
from chalicelib.domain.explanations import EXPLANATIONS
from chalicelib.domain.instance import Build, EndReason, Failure, Wish
from chalicelib.domain.notice import Kind, Notice, State, endings
from chalicelib.domain.ssh_access import fingerprint, known_hosts_line, ssh_command
from chalicelib.web.letters.renderer import SUBJECTS
from chalicelib.web.letters.templates import FOLDER
from chalicelib.web.ssh_access import ssh_access
from tests.fakes.clock import START
from tests.unit.api.world import ID
from tests.unit.web.letter_cases import END, LINKS, MANAGE_LINK, TOKEN, URL, case

ALL = sorted(Kind)
WITH_TOKEN = [Kind.READY, Kind.ENDING, Kind.EXTENDED, Kind.FAILED]


@pytest.mark.parametrize("kind", ALL)
def test_every_kind_has_a_subject_and_two_templates(kind: Kind) -> None:
    """A kind that is added needs all three before its first letter is owed."""
    assert kind in SUBJECTS
    assert (FOLDER / f"{kind}.txt").is_file()
    assert (FOLDER / f"{kind}.html").is_file()


@pytest.mark.parametrize("kind", ALL)
def test_the_link_stands_alone_and_is_its_own_text(kind: Kind) -> None:
    """No mail program breaks it in the plain text, and the HTML shows where it leads."""
    letter = case(kind).read()
    link = LINKS[kind]
    assert letter.text.splitlines().count(link) == 1
    assert letter.html.count(f'href="{link}"') == 1
    assert f">{link}</a>" in letter.html


@pytest.mark.parametrize("kind", ALL)
def test_nothing_is_left_over(kind: Kind) -> None:
    """No mark of a template, no absent value, no gap; plain ASCII with a newline at its end."""
    letter = case(kind).read()
    assert not [mark for mark in ("{{", "{%", "{#", "None", " \n", "\n\n\n") if mark in letter.text]
    assert not [mark for mark in ("{{", "{%", "{#", "None", "Markup") if mark in letter.html]
    assert letter.text.isascii()
    assert letter.text.endswith("\n")
    assert not letter.text.endswith("\n\n")
    assert not letter.text.startswith("\n")


@pytest.mark.parametrize("kind", ALL)
def test_nothing_a_guest_typed_is_in_a_letter(kind: Kind) -> None:
    """Neither the guest's key nor the address is repeated, the address outside its header."""
    one = case(kind)
    letter = one.read()
    said = letter.subject + letter.text + letter.html + (letter.calendar or "")
    assert one.instance.email not in said
    assert one.instance.ssh_public_key.split()[1] not in said
    assert letter.headers["to"] == one.instance.email


@pytest.mark.parametrize("kind", WITH_TOKEN)
def test_letters_that_act_have_the_commands_that_do_the_same(kind: Kind) -> None:
    """Without a browser the same is a line to copy."""
    lines = case(kind).read().text.splitlines()
    assert MANAGE_LINK in lines
    assert f"    export CCC_TOKEN={TOKEN}" in lines
    assert f"    curl -H 'Authorization: Bearer {TOKEN}' {URL}/instances/{ID}" in lines


@pytest.mark.parametrize("kind", [Kind.EXISTS, Kind.ENDED])
def test_other_letters_carry_no_token(kind: Kind) -> None:
    """What would open nothing, or too much for whoever asked, is in no part of them."""
    assert TOKEN.encode() not in case(kind).letter().message


def test_confirm_says_what_was_asked_for() -> None:
    """Hours, type, location and the key's fingerprint, until when the link works, and that silence costs nothing."""
    one = case(Kind.CONFIRM).changed(wish=Wish(hours=3, server_type="cpx22", location="hel1"))
    letter = one.read()
    assert letter.subject == "Confirm your machine for 3 hours"
    for said in (letter.text, letter.html):
        for fact in ("3 hours", "cpx22", "hel1", fingerprint(one.instance.ssh_public_key), "nothing was bought"):
            assert fact in said
        assert "Tuesday, 24 November 2026, 10:00 UTC" in said
        assert "2026-11-24T10:00:00Z" in said
    curl = f"    curl -X POST -H 'Authorization: Bearer {TOKEN}' {URL}/instances/{ID}/confirm"
    assert curl in letter.text.splitlines()


def test_confirm_says_what_we_would_choose() -> None:
    """Where no type and no location was named, the letter says who chooses."""
    letter = case(Kind.CONFIRM).read()
    for said in (letter.text, letter.html):
        assert "the first of our list that is in stock" in said
        assert "the first of our list that has it" in said


def test_exists_names_no_machine() -> None:
    """Its id leads nowhere, so it is not shown; what can be done is."""
    letter = case(Kind.EXISTS).read()
    for said in (letter.subject, letter.text, letter.html):
        assert ID not in said
    assert "end the present one first" in letter.text
    assert "Nothing was bought" in letter.text


def test_ready_begins_with_the_command() -> None:
    """The first line of `ready` is what the guest came for; fingerprint, key line and end follow."""
    one = case(Kind.READY)
    letter = one.read()
    lines = letter.text.splitlines()
    way = ssh_access(one.instance, 22)
    assert way is not None
    assert lines[0] == "ssh claude@192.0.2.10"
    assert f"192.0.2.10 {one.instance.host_key}" in lines
    assert "Host cc-0123456789ab" in lines
    for said in (letter.text.replace("\n", " "), letter.html):
        facts = (way.fingerprint, "Monday, 23 November 2026, 11:55 UTC", "2026-11-23T11:55:00Z", "a cx23 in nbg1")
        assert [fact for fact in (*facts, "1 hour and 51 minutes") if fact not in said] == []


def test_ready_tells_the_end_that_holds() -> None:
    """An extension between the notice and its letter is in the letter."""
    letter = case(Kind.READY).changed(expires_at=END + timedelta(hours=1)).read()
    assert "12:55 UTC" in letter.text
    assert "DTEND:20261123T125500Z" in str(letter.calendar)


@pytest.mark.parametrize(
    ("before", "promised"),
    [
        (timedelta(hours=2), "You will get a mail 1 hour before the end, and 10 minutes before it."),
        (timedelta(minutes=60), "You will get a mail 10 minutes before the end."),
        (timedelta(minutes=10), None),
    ],
)
def test_ready_promises_the_warnings_that_are_owed(before: timedelta, promised: str | None) -> None:
    """A machine that lives so briefly that a warning is not planned is not told of it; the calendar file remains."""
    letter = case(Kind.READY, before=before).changed(notices=endings(END, END - before)).read()
    for said in (letter.text, letter.html):
        assert ("You will get a mail" in said) is (promised is not None)
        assert promised is None or promised in said
        assert "The file cc-0123456789ab.ics puts the end into your calendar." in said


def _warnings(**changes: Any) -> tuple[Notice, ...]:
    """The two warnings of a machine that has two hours left, changed."""
    return tuple(replace(one, **changes) for one in endings(END, END - timedelta(hours=2)))


@pytest.mark.parametrize(
    "notices",
    [
        _warnings(state=State.SENT),
        _warnings(state=State.DROPPED),
        _warnings(about=END - timedelta(hours=1)),  # of an end that was moved
        _warnings(due_at=END - timedelta(hours=2)),  # overdue at this moment
        _warnings(due_at=END - timedelta(minutes=55)),  # tried once, and due again at no round moment
        _warnings(kind=Kind.EXTENDED),
        (),
    ],
)
def test_ready_promises_nothing_else(notices: tuple[Notice, ...]) -> None:
    """What was sent or dropped, speaks of another end, or has no moment that can be named, is not announced."""
    letter = case(Kind.READY, before=timedelta(hours=2)).changed(notices=notices).read()
    assert "You will get a mail" not in letter.text + letter.html


def test_a_long_life_is_told_in_days() -> None:
    """Nobody reckons with 146 hours."""
    letter = case(Kind.READY).changed(expires_at=START + timedelta(days=6, hours=2, minutes=4)).read()
    assert "6 days and 2 hours after it started" in letter.text.replace("\n", " ")


def test_another_port_is_in_every_line() -> None:
    """Where machines answer on another port, command, key line and configuration name it."""
    one = case(Kind.READY)
    lines = one.read(port=2222).text.splitlines()
    assert lines[0] == "ssh -p 2222 claude@192.0.2.10"
    assert f"[192.0.2.10]:2222 {one.instance.host_key}" in lines
    assert "    Port 2222" in lines


@pytest.mark.parametrize(
    ("before", "span"), [(timedelta(minutes=60), "1 hour"), (timedelta(minutes=9, seconds=30), "10 minutes")]
)
def test_a_warning_says_how_long(before: timedelta, span: str) -> None:
    """The warnings name the time that is left, in the subject too; a minute that has begun counts."""
    letter = case(Kind.ENDING, before=before).read()
    assert letter.subject == f"Your machine cc-0123456789ab ends in {span}"
    assert letter.text.startswith(f"Your machine cc-0123456789ab ends in {span}:\n")
    assert f"Your machine ends in {span}" in letter.html


def test_extended_says_the_new_end() -> None:
    """In the subject and in the first sentence."""
    letter = case(Kind.EXTENDED).read()
    assert letter.subject == "Your machine cc-0123456789ab now lives until Monday, 23 November 2026, 11:55 UTC"
    assert "Monday, 23 November 2026, 11:55 UTC" in letter.text.splitlines()[1]


@pytest.mark.parametrize(
    ("reason", "sentence"),
    [
        (EndReason.EXPIRED, "Its time was over."),
        (EndReason.RELEASED, "It was ended on request."),
        (EndReason.LOST, "It disappeared at the server provider, which we did not ask for."),
    ],
)
def test_the_farewell_says_what_happened(reason: EndReason, sentence: str) -> None:
    """The reason in words, how long the machine ran, and the hours it used."""
    letter = case(Kind.ENDED).changed(end_reason=reason, ended_at=START + timedelta(minutes=50)).read()
    for said in (letter.text, letter.html):
        assert sentence in said
        assert "It ran for 46 minutes (1 started hour used)." in said


def test_a_farewell_to_a_machine_that_never_ran() -> None:
    """It takes nothing out of a calendar and out of files in which nothing was."""
    letter = case(Kind.ENDED).changed(running_at=None, expires_at=None, end_reason=EndReason.RELEASED).read()
    for said in (letter.text, letter.html):
        assert "It never ran." in said
        assert "known_hosts" not in said
        assert ".ics" not in said


def test_a_failure_is_explained() -> None:
    """The cause, that it was free, and what to do next."""
    letter = case(Kind.FAILED).read()
    for said in (letter.text, letter.html):
        assert "Nothing is in stock." in said
        assert "Nothing was charged to you. Try another type." in said
        assert "tries it again" in said


@pytest.mark.parametrize("cause", sorted(Cause))
def test_every_failure_says_once_that_it_was_free(cause: Cause) -> None:
    """Whether the hint of a cause says so already or not."""
    words = EXPLANATIONS[cause]
    failure = Failure(code=cause, message=words.message, hint=words.hint)
    text = case(Kind.FAILED).changed(failure=failure).read().text
    assert text.count("Nothing was charged") == text.count("Nothing was charged to you") == 1


@pytest.mark.parametrize(("attempt", "said"), [(1, False), (3, True)])
def test_a_failure_says_how_often_it_was_tried(attempt: int, said: bool) -> None:
    """More than one try is counted; of a single one nothing is said."""
    letter = case(Kind.FAILED).changed(build=Build(attempt=attempt, started_at=START, reference="job")).read()
    for text in (letter.text, letter.html):
        assert (f"It was tried {attempt} times." in text) is said


@pytest.mark.parametrize("hint", ["Nothing was charged. Try again.", "Nothing was charged to you. Try again."])
def test_a_hint_of_an_older_release_is_told_in_the_same_words(hint: str) -> None:
    """A row keeps the words of the release that wrote it."""
    failure = Failure(code="disk", message="The disk.", hint=hint)
    assert "\nNothing was charged to you. Try again.\n" in case(Kind.FAILED).changed(failure=failure).read().text


def test_a_failure_without_a_cause_can_be_told() -> None:
    """An instance that failed before it had anything to say is told about all the same."""
    letter = case(Kind.FAILED).changed(machine=None, failure=None).read()
    assert "could not be made" in letter.text
    assert "Nothing was charged to you." in letter.text


@pytest.mark.parametrize("port", [22, 2222])
def test_letters_and_api_tell_the_same(port: int) -> None:
    """The lines of a letter are those of the instance object, byte for byte."""
    instance = case(Kind.READY).instance
    way = ssh_access(instance, port)
    assert instance.machine is not None
    assert instance.host_key is not None
    assert way is not None
    assert way.command == ssh_command(instance.machine.ip, port)
    assert way.known_hosts == known_hosts_line(instance.machine.ip, port, instance.host_key)
