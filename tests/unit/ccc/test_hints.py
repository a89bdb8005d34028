"""What is said to a person whose command cannot be done: once, in the command line's own words, with a way on."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from ccc.away import NamedBy, Place, unreachable
from ccc.contexts import save_context
from tests.unit.ccc.command_line import fresh_public_key
from tests.unit.ccc.conftest import Ccc
from tests.unit.ccc.service import RUNNING, Reply, Service, instance, problem

ID = "0123456789ab"


def test_one_field_is_one_sentence(ccc: Ccc, service: Service) -> None:
    """What the service says of a field is told once, under the argument's name."""
    service.reply_next(
        problem(422, "invalid_input", "hours: must be at most 72", errors={"hours": "must be at most 72"})
    )
    assert ccc("extend", ID, "99").err.splitlines()[0] == "Error: HOURS: must be at most 72"


def test_several_fields_are_a_line_each(ccc: Ccc, service: Service) -> None:
    """With several fields each has a line, by the names that the command line has for them."""
    wrong = {"email": "no", "ssh_public_key": "too weak", "server_type": "unknown", "location": "unknown", "new": "x"}
    sentence = "; ".join(f"{name}: {why}" for name, why in wrong.items())
    service.reply_next(problem(422, "invalid_input", sentence, errors=wrong))
    lines = ccc("provision", "a@example.org", fresh_public_key()).err.splitlines()
    assert lines[1:6] == ["  EMAIL: no", "  SSH_KEY: too weak", "  TYPE: unknown", "  --location: unknown", "  new: x"]
    assert sentence not in lines[0]


def test_an_id_in_capitals(ccc: Ccc, service: Service) -> None:
    """An id is found however its letters are written."""
    service.add(instance(ID, **RUNNING))
    assert ccc("status", f"CC-{ID.upper()}").code == 0
    assert service.asked[0].path == f"/instances/{ID}"


def test_the_id_stands_in_the_suggestion(ccc: Ccc, service: Service) -> None:
    """What is to be typed next names the machine that was meant."""
    service.reply_next(problem(409, "not_running", "It does not run yet."))
    assert f"Next: ccc wait {ID}" in ccc("extend", ID, "1").err.splitlines()


@pytest.mark.parametrize(
    "words", [["extend", ID, "-1"], ["extend", ID, "-12"], ["provision", "a@example.org", "k", "-1"]]
)
def test_line_140_negative_hours(ccc: Ccc, service: Service, words: list[str]) -> None:
    """A negative number is answered as hours, not as an option."""
    done = ccc(*words)
    assert done.code == 2
    assert "HOURS is a whole number from 1 on" in done.err
    assert service.asked == []


def test_an_unknown_option_stays_one(ccc: Ccc) -> None:
    """Only numbers are taken for hours."""
    assert "No such option" in ccc("extend", ID, "--nonsense").err


def test_the_hint_about_keys_is_for_those_who_give_one(ccc: Ccc) -> None:
    """Quotes around a key are advised where a key is an argument."""
    assert "needs quotes" not in ccc("extend", ID, "many").err
    assert "needs quotes" in ccc("provision", "a@example.org", fresh_public_key(), "many").err


@pytest.mark.parametrize(
    ("words", "near"),
    [(["stauts"], "status"), (["provison"], "provision"), (["extends", ID], "extend"), (["context", "ad"], "add")],
)
def test_a_mistyped_verb(ccc: Ccc, words: list[str], near: str) -> None:
    """A name that nearly fits is answered with the one that does."""
    done = ccc(*words)
    assert done.code == 2
    assert "did you mean" in done.err
    assert repr(near) in done.err


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (["rm", ID], "deprovision"),
        (["Delete", ID], "deprovision"),
        (["create"], "provision"),
        (["ls"], "list"),
        (["help"], "--help"),
        (["version"], "--version"),
        (["context", "ls"], "list"),
        (["context", "rm"], "remove"),
        (["context", "delete"], "remove"),
        (["context", "help"], "--help"),
    ],
)
def test_another_tools_word_for_it(ccc: Ccc, words: list[str], meant: str) -> None:
    """Who knows other tools hears what it is called here, in the group that was asked."""
    done = ccc(*words)
    assert done.code == 2
    assert done.err.splitlines()[-1].endswith(f": did you mean {meant!r}?")


@pytest.mark.parametrize("words", [("list",), ("status", ID), ("context", "show", "--token")])
def test_a_guest_without_a_token_hears_where_it_is(
    ccc: Ccc, service: Service, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    """The address is known, so it stands in the command; the token is in a mail."""
    monkeypatch.delenv("CCC_TOKEN")
    done = ccc(*words)
    assert done.code == 4
    assert done.err.splitlines() == [
        f"Error: There is no token for {service.url}.",
        "  A guest's is behind the # of the manage link, which is in the mail that says how to log in.",
        f"Next: ccc context add NAME --url {service.url} --token TOKEN",
    ]


@pytest.mark.parametrize("typed", ["soon", "nan", ""])
def test_a_time_to_wait_that_is_none(ccc: Ccc, service: Service, typed: str) -> None:
    """It is called a number of seconds, and nothing is sent; `nan` would be waited for for ever."""
    done = ccc("wait", ID, "--timeout", typed)
    assert (done.code, service.asked) == (2, [])
    assert f"Invalid value for '--timeout': {typed!r} is not a valid number of seconds." in done.err


def test_nothing_like_a_verb(ccc: Ccc) -> None:
    """Nothing is suggested where nothing is near."""
    done = ccc("xyzzy")
    assert done.code == 2
    assert "did you mean" not in done.err


@pytest.mark.parametrize("raw", [b"<h1>Not Found</h1>", b'{"message": "Not Found"}'])
def test_another_server_at_the_address(ccc: Ccc, service: Service, raw: bytes) -> None:
    """A 404 that is not in the service's language is no missing machine but a wrong address."""
    service.reply_next(Reply(status=404, raw=raw))
    done = ccc("status", ID)
    assert done.code == 1
    assert f"Something else than this service answers at {service.url}." in done.err
    assert "Next: ccc context list" in done.err


@pytest.fixture
def away() -> Iterator[str]:
    """An address of this machine where nothing listens."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{closed.getsockname()[1]}"


def test_a_service_that_is_away_and_the_only_one(ccc: Ccc, away: str) -> None:
    """Who saved no other hears how to start it, and of nothing to change to."""
    save_context("away", away, "t")
    done = ccc("--url", away, "--token", "t", "list")
    assert done.code == 7
    assert "ccc context use" not in done.err
    assert "Next: make up    (starts the service on this machine; or give another --url)" in done.err.splitlines()


def test_a_stale_current_context_is_named_with_the_way_to_another(
    ccc: Ccc, service: Service, away: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The current context of a box that was ended: its name, the others with their addresses, and what to type."""
    for name in ("CCC_URL", "CCC_TOKEN"):
        monkeypatch.delenv(name)
    save_context("onebox-1", away, "t")
    save_context("onebox-2", service.url, "t")
    done = ccc("list")
    assert done.code == 7
    lines = done.err.splitlines()
    assert lines[0] == f"Error: Nothing usable answers at {away}."
    assert "  It is the current context, onebox-1." in lines
    assert f"  Other saved services: onebox-2 ({service.url})" in lines
    assert lines[-1] == "Next: ccc context use onebox-2    (changes to another one; or: make up)"
    assert ccc("context", "use", "onebox-2").code == 0
    assert ccc("types").code == 0
    assert "  It is the context onebox-1." in ccc("--context", "onebox-1", "types").err.splitlines()
    save_context("its-twin", away, "t")
    assert ccc("context", "use", "its-twin").code == 0
    assert "  It is the context onebox-1." in ccc("--context", "onebox-1", "types").err.splitlines()


def test_an_address_of_the_environment_that_is_away(
    ccc: Ccc, service: Service, away: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A context cannot win against CCC_URL, and the hint says how it can."""
    monkeypatch.setenv("CCC_URL", away)
    save_context("mine", service.url, "t")
    save_context("other", f"{service.url}/other", "t")
    lines = ccc("list").err.splitlines()
    assert "  CCC_URL names it; while it is set, no context counts." in lines
    assert lines[-1] == "Next: unset CCC_URL CCC_TOKEN; ccc context use NAME    (or: make up)"


def test_a_remote_service_that_is_away_is_not_to_be_started_here() -> None:
    """`make up` is no answer for an address elsewhere."""
    place = Place(url="https://ccc.example.org", named_by=NamedBy.FLAG)
    lines = unreachable(place, "no route to host").lines()
    assert lines[1:] == ["  no route to host", "Next: ccc context list    (is the address right?)"]
