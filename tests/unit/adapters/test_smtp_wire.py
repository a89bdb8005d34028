"""What `SmtpMailer` lets onto the wire, and in which form."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.domain.errors import AddressRefused
from tests.unit.adapters.mail_script import LETTER, Script, refused


@pytest.mark.parametrize(
    "address",
    [
        "a@example.com\r\nRCPT TO:<b@example.com>",
        "a@example.com\n",
        "a@example.com\r",
        "a@example.com, b@example.com",
        "a@example.com,b@example.com",
        "a b@example.com",
        "a@example.com> SIZE=1",
        "<a@example.com>",
        '"a b"@example.com',
        "a@b@example.com",
        "@example.com",
        "a@",
        "nobody",
        "",
        "ä@example.com",
        "a@exämple.com",
        "a\x00@example.com",
        "a@" + "x" * 260,
    ],
)
def test_what_is_no_single_address_never_reaches_the_wire(address: str) -> None:
    """Neither as the recipient nor as the sender: nothing is even connected."""
    with Script() as script:
        with pytest.raises(AddressRefused):
            script.mailer().send(replace(LETTER, to=address))
        with refused():
            script.mailer().send(replace(LETTER, sender=address))
    assert script.heard == []


@pytest.mark.parametrize("message", [b"a\n.\nMAIL FROM:<x@example.com>\r\n", b"a\r.\r\n", b"\n", b"a\r\n\r"])
def test_line_ends_that_servers_read_differently_never_reach_the_wire(message: bytes) -> None:
    """A lone CR or LF could end the letter for one server and not for the next, so it does not leave."""
    with Script() as script, refused():
        script.mailer().send(replace(LETTER, message=message))
    assert script.heard == []


def test_dots_are_doubled_on_the_wire() -> None:
    """A line that begins with a dot begins with two there, so that no line of a letter ends it."""
    with Script() as script:
        script.mailer().send(replace(LETTER, message=b".\r\n..\r\na.\r\n.hidden"))
    begin = script.heard.index(b"DATA\r\n") + 1
    assert script.heard[begin:] == [b"..\r\n", b"...\r\n", b"a.\r\n", b"..hidden\r\n", b".\r\n", b"quit\r\n"]


def test_eight_bits_are_announced_or_not_sent() -> None:
    """A letter that is not ASCII is announced as such, and refused where the server does not take it."""
    letter = replace(LETTER, message="é\r\n".encode())
    with Script(EHLO="250-x\r\n250 8BITMIME") as script:
        script.mailer().send(letter)
    assert script.heard[1] == b"MAIL FROM:<cloud@example.org> BODY=8BITMIME\r\n"
    with Script() as script, refused():
        script.mailer().send(letter)
