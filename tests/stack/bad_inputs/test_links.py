"""Lines 128 to 134: the pages behind the links of mails, opened by programs, sent from elsewhere, late or guessed."""

from __future__ import annotations

import re

import pytest

from chalicelib.domain.instance import Status
from chalicelib.domain.tokens import Purpose
from tests.stack.bad_inputs.conftest import ORIGIN
from tests.stack.bad_inputs.stranger import Said, Stranger

NOBODY = "ffffffffffff"
WRONG = "ccc_confirm_" + "A" * 43


def link_of(stranger: Stranger, instance_id: str) -> str:
    """The path of the link in its confirmation mail."""
    return f"/confirm/{instance_id}/{stranger.inside.token(instance_id, Purpose.CONFIRM)}"


def say_yes(stranger: Stranger, path: str, **headers: str) -> Said:
    """Press the one button of the confirmation page."""
    return stranger.form({}, path=path, **headers)


@pytest.fixture
def wished(stranger: Stranger) -> str:
    """The id of a wish that waits for its confirmation."""
    return stranger.taken(hours=1)


@pytest.fixture(scope="module")
def confirmed(stranger: Stranger, consents: set[str]) -> str:
    """The id of a wish that has been confirmed, and runs."""
    made = stranger.taken(hours=72)
    consents.add(made)
    say_yes(stranger, link_of(stranger, made)).is_page(200)
    stranger.box.until(made, "running")
    return made


def test_line_128_only_looking(stranger: Stranger, wished: str) -> None:
    """Programs that follow the link, however often, are shown the page and change nothing; HEAD is the same."""
    before, row = stranger.inside.written(), stranger.inside.row(wished)
    for path in (link_of(stranger, wished), f"/i/{wished}", "/"):
        for _ in range(3):
            stranger.ask("GET", path).is_page(200)
            headed = stranger.ask("HEAD", path)
            headed.is_page(200)
            assert headed.body == b""
    assert stranger.inside.written() == before
    seen = stranger.inside.row(wished)
    assert (seen.status, seen.requested_at, seen.manage_serial) == (Status.UNCONFIRMED, None, row.manage_serial)


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "", "null", ORIGIN, "http://localhost", "http://localhost:1", "https://localhost:{port}"],
)
def test_line_129_confirmation_from_elsewhere(stranger: Stranger, wished: str, origin: str) -> None:
    """Only the service's own page confirms: a foreign, missing or `null` Origin is 403, a listed one too."""
    before = stranger.inside.written()
    say_yes(stranger, link_of(stranger, wished), Origin=origin.format(port=stranger.box.port)).is_page(403)
    assert stranger.inside.written() == before
    assert stranger.inside.row(wished).status is Status.UNCONFIRMED


@pytest.mark.parametrize("origin", ["https://evil.example", "", "null", f"{ORIGIN}:8443", "http://localhost:1"])
def test_line_129_signup_from_elsewhere(stranger: Stranger, origin: str) -> None:
    """A signup form of a site that is not listed is 403, however good its fields are."""
    before = stranger.inside.written()
    fields = {name: str(value) for name, value in stranger.wish(hours=1).items()}
    stranger.form(fields, Origin=origin).is_page(403)
    assert stranger.inside.written() == before


@pytest.mark.parametrize("origin", ["own", ORIGIN])
def test_line_129_signup_from_a_listed_site(stranger: Stranger, origin: str) -> None:
    """A signup form of the service's own or of a listed site is taken."""
    fields = {name: str(value) for name, value in stranger.wish(hours=1).items()}
    before = stranger.inside.written()
    stranger.form(fields, Origin=stranger.origin if origin == "own" else origin).is_page(202)
    assert stranger.inside.written().rows == before.rows + 1


def test_line_130_used_again(stranger: Stranger, confirmed: str) -> None:
    """A second yes is 200, says that it has been confirmed, does nothing and shows no token."""
    before = stranger.inside.written()
    path = link_of(stranger, confirmed)
    for said in (say_yes(stranger, path), stranger.ask("GET", path)):
        page = said.is_page(200)
        assert "already" in page.lower()
        assert "ccc_manage_" not in page
    program = stranger.ask("POST", f"/instances/{confirmed}/confirm", token=path.rpartition("/")[2])
    assert (program.status, program.json) == (200, {"id": confirmed, "already_confirmed": True})
    assert stranger.inside.written() == before


def test_line_131_expired(stranger: Stranger, wished: str, confirmed: str) -> None:
    """A day after the signup its link is 410, used or not, and nothing is bought."""
    paths = [link_of(stranger, each) for each in (wished, confirmed)]
    stranger.box.advance_clock("24h")
    before = stranger.inside.written()
    for path in paths:
        stranger.ask("GET", path).is_page(410)
        say_yes(stranger, path).is_page(410)
        _, _, instance_id, token = path.split("/")
        stranger.ask("POST", f"/instances/{instance_id}/confirm", token=token).is_problem(410, "expired")
    assert stranger.inside.written() == before
    assert f"cc-{wished}" not in {server["name"] for server in stranger.box.bill()}


def test_line_132_wrong_token(stranger: Stranger, wished: str) -> None:
    """A wrong token, one of another purpose, another wish's and an unknown id are one and the same 404."""
    other = stranger.taken(hours=1)
    pairs = [
        (wished, WRONG),
        (wished, stranger.inside.token(wished, Purpose.MANAGE)),
        (wished, stranger.inside.token(other, Purpose.CONFIRM)),
        (NOBODY, stranger.inside.token(wished, Purpose.CONFIRM)),
        ("0123456789AB", WRONG),
        ("%00", "%ff"),
    ]
    paths = [f"/confirm/{instance_id}/{token}" for instance_id, token in pairs]
    before = stranger.inside.written()
    pages = [said.is_page(404) for path in paths for said in (stranger.ask("GET", path), say_yes(stranger, path))]
    alike = {re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "", page) for page in pages}  # but for the request's own id
    assert len(alike) == 1
    programs = [
        stranger.ask("POST", f"/instances/{instance_id}/confirm", token=token) for instance_id, token in pairs[:5]
    ]
    assert [said.status for said in programs] == [404] * 5
    assert stranger.inside.written() == before


@pytest.mark.parametrize("name", ["next", "return_to", "redirect", "redirect_uri", "url", "continue"])
def test_line_133_open_redirect(stranger: Stranger, wished: str, name: str) -> None:
    """No page leads elsewhere because its address says so."""
    elsewhere = "https://evil.example/"
    for path in ("/", f"/i/{wished}", link_of(stranger, wished)):
        said = stranger.ask("GET", f"{path}?{name}={elsewhere}", None, {"Accept": "text/html"})
        assert "evil.example" not in said.is_page(200)
        assert "location" not in said.headers
    assert stranger.ask("GET", "//evil.example/").status == 404
    head = f"Host: 127.0.0.1:{stranger.box.port}\r\nAccept: text/html\r\n\r\n"
    for path in ("//evil.example/", "/@evil.example/", "/"):
        led = stranger.send(f"GET {path}?{name}={elsewhere} HTTP/1.1\r\n{head}".encode())
        assert led.headers["location"].startswith(f"{stranger.origin}/")
    said = stranger.form({**{key: str(value) for key, value in stranger.wish(hours=1).items()}, name: elsewhere})
    said.is_page(422)
    assert "location" not in said.headers


def test_line_134_referrer(stranger: Stranger, consents: set[str]) -> None:
    """Pages tell no other site where they are, and the manage token stands behind the # alone, shown once."""
    made = stranger.taken(hours=1)
    consents.add(made)
    path = link_of(stranger, made)
    shown = say_yes(stranger, path).is_page(200)
    token = stranger.inside.token(made, Purpose.MANAGE)
    assert shown.count(token) == shown.count(f"/i/{made}#{token}") > 0
    for each in (path, f"/i/{made}", "/"):
        said = stranger.ask("GET", each)
        assert said.headers["referrer-policy"] == "same-origin"
        assert token not in said.text
