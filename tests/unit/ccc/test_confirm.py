"""`ccc confirm`: the link of the mail becomes a machine, and the manage link is told once."""

from __future__ import annotations

import json
import shlex
import signal
import socket

import pytest

from ccc.confirm_ticket import same_service
from ccc.contexts import save_context
from tests.unit.ccc.command_line import Done, finished, start
from tests.unit.ccc.conftest import Ccc
from tests.unit.ccc.guest_service import SIGNED_UP, GuestService, fresh_token
from tests.unit.ccc.service import TOKEN, Reply, problem

CONFIRM = f"POST /instances/{SIGNED_UP}/confirm"


@pytest.fixture(autouse=True)
def guest(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The environment of a person who has the mail and no token; also set for this process."""
    monkeypatch.delenv("CCC_TOKEN")
    return {name: value for name, value in environment.items() if name != "CCC_TOKEN"}


def follow_up(done: Done) -> list[str]:
    """Return the suggested command as a shell reads it."""
    [line] = [line for line in done.err.splitlines() if line.startswith("Next: ")]
    return shlex.split(line.removeprefix("Next: "))


@pytest.mark.parametrize("how", ["link", "slash", "angles", "query", "two words", "name"])
def test_what_confirms(ccc: Ccc, service: GuestService, how: str) -> None:
    """The mail's link, also as mail programs dress it, or id and token; the proof travels as the token, in no path."""
    link = service.confirm_link()
    token = service.confirm_tokens[SIGNED_UP]
    typed = {
        "link": [link],
        "slash": [f"{link}/"],
        "angles": [f" <{link}>\n"],
        "query": [f"{link}?utm_source=mail#top"],
        "two words": [SIGNED_UP, token],
        "name": [f"cc-{SIGNED_UP.upper()}", token],
    }
    assert ccc("confirm", *typed[how]).code == 0
    [asked] = service.asked
    assert (f"{asked.method} {asked.path}", asked.query) == (CONFIRM, {})
    assert asked.headers["authorization"] == f"Bearer {token}"


def test_what_is_told(ccc: Ccc, service: GuestService) -> None:
    """Id, status and the manage link are on stdout, and the command that follows the machine opens it as it stands."""
    done = ccc("confirm", service.confirm_link())
    token = service.manage_tokens[SIGNED_UP]
    assert done.out.splitlines() == [
        f"Instance ID: {SIGNED_UP}",
        "Status: requested",
        f"Manage link: {service.url}/i/{SIGNED_UP}#{token}",
    ]
    assert follow_up(done) == [f"CCC_TOKEN={token}", "ccc", "status", SIGNED_UP]


def test_the_follow_up_works(ccc: Ccc, service: GuestService, monkeypatch: pytest.MonkeyPatch) -> None:
    """Typed as suggested, the next command finds the machine."""
    assignment, _, *words = follow_up(ccc("confirm", service.confirm_link()))
    monkeypatch.setenv(*assignment.split("=", 1))
    done = ccc(*words)
    assert done.code == 0
    assert "Status: requested" in done.out


def test_the_follow_up_is_pasteable(ccc: Ccc, service: GuestService, monkeypatch: pytest.MonkeyPatch) -> None:
    """Behind a variable the program is called as it was started, too."""
    monkeypatch.setenv("CCC_PROGRAM", "bin/ccc")
    assert follow_up(ccc("confirm", service.confirm_link()))[1:] == ["bin/ccc", "status", SIGNED_UP]


def test_json(ccc: Ccc, service: GuestService) -> None:
    """With --output json the answer is passed on as it is, the token included, and nothing is said of it elsewhere."""
    done = ccc("confirm", service.confirm_link(), "--output", "json")
    document = json.loads(done.out)
    assert document == {**service.instances[SIGNED_UP], "manage_token": service.manage_tokens[SIGNED_UP]}
    assert done.err == ""


def test_confirmed_already(ccc: Ccc, service: GuestService) -> None:
    """A second time is no error: the id is told, no link, and where the link comes from instead."""
    link = service.confirm_link()
    ccc("confirm", link)
    done = ccc("confirm", link)
    assert done.code == 0
    assert done.out == f"Instance ID: {SIGNED_UP}\n"
    assert "confirmed already" in done.err
    document = json.loads(ccc("confirm", link, "--output", "json").out)
    assert document == {"id": SIGNED_UP, "already_confirmed": True}


def test_a_lost_answer_is_asked_for_again(ccc: Ccc, service: GuestService) -> None:
    """Confirming twice does what confirming once does, so a lost answer is no failure."""
    link = service.confirm_link()
    service.reply_next(Reply(status=0, cut=True), Reply(status=502, raw=b"<html>"))
    assert ccc("confirm", link).code == 0
    assert service.methods() == [CONFIRM] * 3


def test_without_any_address_the_link_names_it(
    ccc: Ccc, service: GuestService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who has nothing but the mail needs nothing else; the next command then names the address as well."""
    monkeypatch.delenv("CCC_URL")
    done = ccc("confirm", service.confirm_link())
    assert done.code == 0
    token = service.manage_tokens[SIGNED_UP]
    assert follow_up(done) == [f"CCC_URL={service.url}", f"CCC_TOKEN={token}", "ccc", "status", SIGNED_UP]


def test_an_address_is_compared_by_its_meaning(ccc: Ccc, service: GuestService) -> None:
    """The case of scheme and host and the usual port make no other service; a scheme, port or prefix does."""
    link = service.confirm_link()
    assert ccc("confirm", link.replace("http://", "HTTP://")).code == 0
    assert same_service("https://ccc.example.org:443/p/", "https://CCC.example.org/p")
    for other in ("http://ccc.example.org/p", "https://ccc.example.org:444/p", "https://ccc.example.org/P"):
        assert not same_service("https://ccc.example.org/p", other)


def test_2_for_a_link_of_another_service(ccc: Ccc, service: GuestService) -> None:
    """A link for another address than the one in use is refused unsent, and both addresses are named."""
    link = service.confirm_link()
    done = ccc("--url", "http://127.0.0.8:1", "confirm", link)
    assert done.code == 2
    assert f"This link is for {service.url}, but commands go to http://127.0.0.8:1 now" in done.err
    assert service.confirm_tokens[SIGNED_UP] not in done.err
    assert service.asked == []


def test_2_for_another_prefix(ccc: Ccc, service: GuestService) -> None:
    """The same host under another prefix is another service."""
    assert ccc("confirm", service.confirm_link().replace("/api/", "/apj/")).code == 2
    assert service.asked == []


@pytest.mark.parametrize(
    "typed",
    [
        [], [""], [SIGNED_UP], [SIGNED_UP, ""], [SIGNED_UP, "two words"], ["https://a.example/confirm/x"],
        ["https://a.example/i/aaaabbbbcccc#t"], ["https://a.example/confirm/aaaabbbbcccc/t", "t"],
        ["ftp://a.example/confirm/aaaabbbbcccc/t"], ["https:///confirm/aaaabbbbcccc/t"],
    ],
)  # fmt: skip
def test_2_for_what_confirms_nothing(ccc: Ccc, service: GuestService, typed: list[str]) -> None:
    """What is neither a confirmation link nor id and token is exit code 2, unsent."""
    assert ccc("confirm", *typed).code == 2
    assert service.asked == []


def test_3_wrong_token(ccc: Ccc, service: GuestService) -> None:
    """A proof that opens nothing is exit code 3 and asks for the whole link, not for a list that a guest cannot see."""
    service.signed_up()
    done = ccc("confirm", SIGNED_UP, fresh_token("confirm"))
    assert done.code == 3
    assert "Next: ccc confirm LINK" in done.err
    assert "ccc list" not in done.err


@pytest.mark.parametrize("typed", [["nope", "t"], ["https://a.example/confirm/nope/t"]])
def test_3_for_an_id_of_another_shape(ccc: Ccc, service: GuestService, typed: list[str]) -> None:
    """What cannot be an id never becomes part of a path."""
    assert ccc("confirm", *typed).code == 3
    assert service.asked == []


def test_4_refused(ccc: Ccc, service: GuestService) -> None:
    """A token that the service does not take at all is exit code 4."""
    link = service.confirm_link()
    service.reply_next(problem(401, "unauthorized"))
    assert ccc("confirm", link).code == 4


def test_5_expired(ccc: Ccc, service: GuestService) -> None:
    """A link that is too old is exit code 5, and signing up again is what helps."""
    link = service.confirm_link()
    service.reply_next(problem(410, "expired", "This link is older than 24 hours."))
    done = ccc("confirm", link)
    assert done.code == 5
    assert "Error: This link is older than 24 hours." in done.err
    assert "Next: ccc provision EMAIL SSH_KEY" in done.err


def test_1_for_a_token_of_another_form(ccc: Ccc, service: GuestService) -> None:
    """What is no manage token is not printed for a shell to run."""
    link = service.confirm_link()
    service.reply_next(Reply(status=200, document={**service.instances[SIGNED_UP], "manage_token": "$(reboot)"}))
    done = ccc("confirm", link)
    assert done.code == 1
    assert "reboot" not in done.out + done.err


def test_1_without_a_token_in_the_answer(ccc: Ccc, service: GuestService) -> None:
    """A first confirmation that does not tell the token is an error in words."""
    link = service.confirm_link()
    service.reply_next(Reply(status=200, document=service.instances[SIGNED_UP]))
    done = ccc("confirm", link)
    assert (done.code, done.out) == (1, "")
    assert "did not tell its manage token" in done.err


def test_7_unreachable(ccc: Ccc, service: GuestService) -> None:
    """Where nothing listens the exit code is 7."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
        done = ccc("--url", url, "confirm", f"{url}/confirm/{SIGNED_UP}/{fresh_token('confirm')}")
    assert done.code == 7
    assert url in done.err


def test_130_while_confirming(guest: dict[str, str], service: GuestService) -> None:
    """Ctrl-C before the answer came says that once more does no harm."""
    link = service.confirm_link()
    service.reply_next(Reply(status=200, after_seconds=3))
    process = start(guest, "confirm", link)
    service.until_asked()
    process.send_signal(signal.SIGINT)
    done = finished(process)
    assert done.code == 130
    assert "Once more does no harm." in done.err


def test_a_context_is_enough(ccc: Ccc, service: GuestService, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a saved service in use the link is checked against that, and the token of that stays unsent."""
    monkeypatch.delenv("CCC_URL")
    save_context("mine", service.url, TOKEN)
    link = service.confirm_link()
    assert ccc("confirm", link).code == 0
    assert service.asked[0].headers["authorization"] != f"Bearer {TOKEN}"
