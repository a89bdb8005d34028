"""One box's own addresses: who may see them, what they show, and the clock that moves."""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from collections.abc import Iterator
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from chalicelib.adapters.file_clock import FileClock
from chalicelib.adapters.maildir_mailer import MaildirMailer
from chalicelib.domain.notice import Kind
from chalicelib.operations.ports import Letter
from onebox.gateway.machine import Machine
from onebox.gateway.mail_view import MailView
from onebox.gateway.movable_clock import MovableClock
from onebox.gateway.operator import Guard
from onebox.gateway.rooms import Rooms
from onebox.gateway.supervisor_line import SupervisorLine
from tests.letters import read
from tests.unit.onebox.gateway.served import Reply, Wire, served, small_app
from tests.unit.web.letter_cases import case

TOKEN = f"ccc_operator_{secrets.token_urlsafe(16)}"
HOST = "localhost:8000"
PLAIN = """\
From: cloud@example.org
To: g{number}@example.com
Subject: No. {number}
Date: Mon, 23 Nov 2026 10:00:00 +0000
Message-ID: <{number}@example.org>
MIME-Version: 1.0
Content-Type: text/plain; charset="utf-8"
Content-Transfer-Encoding: 8bit

hé
"""


class _Desk:
    """The rooms behind a wire, in a folder, with a count of ticks."""

    def __init__(self, folder: Path, *, movable: bool = True) -> None:
        self.folder = folder
        self.offsets_at_ticks: list[float] = []
        self.clock = FileClock(folder / "clock")
        self.machine = Machine(
            now=self.clock.now,
            clock=MovableClock(folder / "clock") if movable else None,
            tick=lambda: self.offsets_at_ticks.append(self.clock.offset_seconds()),
            supervisor=SupervisorLine(path=folder / "run" / "supervisor.sock"),
            provider="http://127.0.0.1:1/v1",
            emulated=True,
        )
        operators = frozenset({hashlib.sha256(TOKEN.encode()).hexdigest()})
        self.rooms = Rooms(
            guard=Guard(hosts=frozenset({HOST}), operators=lambda: operators),
            mails=MailView(path=folder / "mail"),
            state=self.machine.state,
            advance_clock=self.machine.advance_clock if movable else None,
        )

    def send(self, number: int) -> None:
        """Deliver a small letter in plain text."""
        self.deliver(PLAIN.format(number=number).replace("\n", "\r\n").encode())

    def deliver(self, message: bytes) -> None:
        """Put a message into the maildir as the product does."""
        letter = Letter(sender="cloud@example.org", to="g@example.com", message_id="<m@example.org>", message=message)
        MaildirMailer(self.folder / "mail").send(letter)


@pytest.fixture
def desk(tmp_path: Path) -> _Desk:
    """Rooms in a fresh folder."""
    return _Desk(tmp_path)


@pytest.fixture
def wire(desk: _Desk) -> Iterator[Wire]:
    """The rooms before the small application."""
    with served(small_app(), first=desk.rooms.answer) as found:
        yield found


def _get(wire: Wire, path: str, token: str = TOKEN, host: str = HOST) -> Reply:
    return wire.request("GET", path, Host=host, Authorization=f"Bearer {token}")


def _move(wire: Wire, document: Any, token: str = TOKEN) -> Reply:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return wire.request("POST", "/onebox/clock", body, Host=HOST, Authorization=f"Bearer {token}")


@pytest.mark.parametrize("path", ["/mailbox/messages", "/mailbox/messages/1", "/onebox/state"])
def test_what_is_inside_needs_the_operators_token(wire: Wire, path: str) -> None:
    """No token, a wrong one and a wrong form are all 401."""
    for authorization in ("", "Bearer", f"Bearer {TOKEN}x", f"Basic {TOKEN}", f"Bearer {TOKEN}, Bearer {TOKEN}"):
        reply = wire.request("GET", path, Host=HOST, Authorization=authorization)
        assert (reply.status, reply.json["code"]) == (401, "unauthorized")
        assert reply.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "path", ["/mailbox", "/onebox", "/mailbox/messages", "/onebox/state", "/onebox/assets/room.js"]
)
def test_another_host_name_is_refused(wire: Wire, path: str) -> None:
    """A page of another site that points its own name here gets nothing, not even with the token."""
    assert _get(wire, path, host="evil.example").json["code"] == "wrong_host"
    assert _get(wire, path, host="").status == 421


@pytest.mark.parametrize(("path", "loads"), [("/mailbox", 3), ("/onebox", 2)])
def test_pages_are_shells_under_a_strict_policy(wire: Wire, path: str, loads: int) -> None:
    """They carry no script of their own, load what is same-origin alone, and each thing they load exists."""
    reply = wire.request("GET", path, Host=HOST)
    assert reply.status == 200
    assert "default-src 'none'; script-src 'self'; style-src 'self';" in reply.headers["content-security-policy"]
    text = reply.body.decode()
    assert re.findall(r"<script[^>]*>([^<]*)</script>", text) == [""]
    assert "style=" not in text
    assert "onclick" not in text
    loaded = re.findall(r'(?:src|href)="(onebox/assets/[^"]+)"', text)
    assert len(loaded) == loads
    for name in loaded:
        assert wire.request("GET", f"/{name}", Host=HOST).status == 200


def test_only_the_mailbox_lets_a_mail_have_its_inline_styles(wire: Wire) -> None:
    """Style attributes, for the HTML form of a mail in its sandbox: no style sheet, no script, and on no other page."""
    allowed = {
        path: re.findall(r"[^;]*unsafe[^;]*", wire.request("GET", path, Host=HOST).headers["content-security-policy"])
        for path in ("/mailbox", "/onebox", "/onebox/assets/mailbox.js")
    }
    assert allowed == {"/mailbox": [" style-src-attr 'unsafe-inline'"], "/onebox": [], "/onebox/assets/mailbox.js": []}


def test_the_mailbox_makes_no_markup_of_a_mail(wire: Wire) -> None:
    """What is in a mail reaches the page as text, or in a frame that may do nothing at all."""
    script = wire.request("GET", "/onebox/assets/mailbox.js", Host=HOST).body.decode()
    assert 'frame.setAttribute("sandbox", "")' in script
    assert not re.findall(r"innerHTML|insertAdjacentHTML|document\.write|\beval\b|allow-", script)


@pytest.mark.parametrize("name", ["mailbox.html", "..%2frooms.py", "nothing.js"])
def test_nothing_else_is_served(wire: Wire, name: str) -> None:
    """The scripts and the style sheet are a list, not a folder."""
    assert wire.request("GET", f"/onebox/assets/{name}", Host=HOST).status == 404


def test_mails_are_shown_newest_first(desk: _Desk, wire: Wire) -> None:
    """Numbers follow the order of delivery, and one mail is found by its number."""
    assert _get(wire, "/mailbox/messages").json == {"messages": [], "own_hosts": [HOST]}
    for number in range(1, 4):
        desk.send(number)
    listed = _get(wire, "/mailbox/messages").json["messages"]
    assert [(mail["n"], mail["to"]) for mail in listed] == [(n, f"g{n}@example.com") for n in (3, 2, 1)]
    assert _get(wire, "/mailbox/messages?limit=1").json["messages"] == listed[:1]
    assert _get(wire, "/mailbox/messages/2").json == {
        "n": 2,
        "from": "cloud@example.org",
        "to": "g2@example.com",
        "subject": "No. 2",
        "date": "2026-11-23T10:00:00+00:00",
        "message_id": "<2@example.org>",
        "text": "hé\n",
        "html": None,
        "attachments": [],
    }


def test_a_letter_is_shown_with_all_its_parts(desk: _Desk, wire: Wire) -> None:
    """Plain text, HTML and the calendar file are what a mail program would find."""
    letter = case(Kind.READY).letter()
    desk.deliver(letter.message)
    shown, wanted = _get(wire, "/mailbox/messages/1").json, read(letter)
    assert (shown["text"], shown["html"], shown["message_id"]) == (wanted.text, wanted.html, letter.message_id)
    assert shown["attachments"] == [{"name": "cc-0123456789ab.ics", "type": "text/calendar", "text": wanted.calendar}]


def test_an_attachment_that_is_no_text_is_named(desk: _Desk, wire: Wire) -> None:
    """Its bytes are not guessed at, and a part without a file name gets one."""
    message = EmailMessage()
    message["Subject"] = "picture"
    message.set_content("see\n")
    message.add_attachment(b"\x89PNG\xff", maintype="image", subtype="png")
    desk.deliver(message.as_bytes())
    shown = _get(wire, "/mailbox/messages/1").json
    assert shown["attachments"] == [{"name": "attachment", "type": "image/png", "text": None}]


def test_a_broken_mail_hides_no_other(desk: _Desk, wire: Wire) -> None:
    """Whatever lies in the folder, the others are still shown, and a charset nobody knows is read as far as it goes."""
    desk.deliver(b"Subject: odd\r\nContent-Type: text/plain; charset=x-nobody\r\n\r\nplain words \xff\r\n")
    desk.deliver(b"\xff\x00")
    desk.send(3)
    listed = _get(wire, "/mailbox/messages").json["messages"]
    assert [mail["n"] for mail in listed] == [3, 2, 1]
    assert listed[2]["text"].startswith("plain words")


@pytest.mark.parametrize("number", ["0", "2", "-1", "x", "9" * 5000, "%D9%A1"])
def test_a_mail_that_is_not_there_is_404(desk: _Desk, wire: Wire, number: str) -> None:
    """Neither a number too high nor something else than a number is a mail."""
    desk.send(1)
    assert _get(wire, f"/mailbox/messages/{number}").status == 404


@pytest.mark.parametrize("limit", ["0", "-1", "x", "", "9" * 5000])
def test_a_limit_that_is_none_is_422(wire: Wire, limit: str) -> None:
    """The answer says what a limit is."""
    assert _get(wire, f"/mailbox/messages?limit={limit}").status == 422


def test_the_clock_moves_for_all_and_a_tick_follows(desk: _Desk, wire: Wire) -> None:
    """The answer comes after a tick that saw the new time; moves add up."""
    before = desk.clock.now()
    assert _move(wire, {"advance": "2h"}).json["offset_seconds"] == 7200
    reply = _move(wire, {"advance": "90s"})
    assert reply.status == 200
    assert reply.json["offset_seconds"] == 7290
    assert desk.offsets_at_ticks == [7200, 7290]
    assert timedelta(seconds=7290) <= desk.clock.now() - before <= timedelta(seconds=7295)


@pytest.mark.parametrize(
    ("document", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"[" * 5000, 400),
        ({}, 422),
        ([], 422),
        ({"advance": 2}, 422),
        ({"advance": "-2h"}, 422),
        ({"advance": "2h", "x": 1}, 422),
        ({"advance": "99999d"}, 422),
    ],
)
def test_a_move_that_is_none_changes_nothing(desk: _Desk, wire: Wire, document: Any, status: int) -> None:
    """The clock stays, and no tick happens."""
    assert _move(wire, document).status == status
    assert desk.clock.offset_seconds() == 0
    assert desk.offsets_at_ticks == []


def test_json_ends_with_a_newline(wire: Wire) -> None:
    """A shell's prompt is not glued to what was answered, refusals included."""
    assert _get(wire, "/onebox/state").body.endswith(b"}\n")
    assert _move(wire, {"advance": "2h"}).body.endswith(b"}\n")
    assert _move(wire, {}).body.endswith(b"}\n")


def test_only_the_operator_moves_the_clock(desk: _Desk, wire: Wire) -> None:
    """Without the token nothing moves, and a GET is 405."""
    assert _move(wire, {"advance": "2h"}, token="ccc_operator_other").status == 401
    assert _get(wire, "/onebox/clock").headers["allow"] == "POST"
    assert desk.clock.offset_seconds() == 0


def test_real_time_cannot_be_moved(tmp_path: Path) -> None:
    """With the real provider there is no such address."""
    with served(small_app(), first=_Desk(tmp_path, movable=False).rooms.answer) as wire:
        assert _move(wire, {"advance": "2h"}).status == 404
        assert _get(wire, "/onebox/state").json["clock"]["movable"] is False


def test_the_state_says_what_does_not_answer(wire: Wire) -> None:
    """Without supervisor and emulator the page still tells the time."""
    state = _get(wire, "/onebox/state").json
    assert (state["processes"], state["builds"]) == ([], [])
    assert state["provider"]["kind"] == "emulator"
    assert state["provider"]["error"] == "URLError"
    assert state["clock"]["offset_seconds"] == 0


def test_other_addresses_are_the_products(wire: Wire) -> None:
    """What is not one box's own goes on to the application, under any host name."""
    assert wire.request("GET", "/things/x", Host="shop.example").status == 200
