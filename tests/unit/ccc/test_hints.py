"""What is said to a person whose command cannot be done: once, in the command line's own words, with a way on."""

from __future__ import annotations

import socket

import pytest

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


def test_other_services_are_named_when_this_one_is_away(ccc: Ccc, service: Service) -> None:
    """Who saved other services hears of them, but not of the one that does not answer."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
        save_context("away", url, "t")
        assert "ccc context use" not in ccc("--url", url, "--token", "t", "list").err
        save_context("mine", service.url, "t")
        done = ccc("--url", url, "list")
    assert done.code == 7
    assert "  Other saved services: mine    (ccc context use NAME)" in done.err.splitlines()
