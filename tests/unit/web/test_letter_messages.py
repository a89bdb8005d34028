"""The letters as messages: their parts and headers, that they are the same each time, and that nothing escapes."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from chalicelib.domain.instance import Choice, Failure, Wish
from chalicelib.domain.notice import Kind
from tests.letters import parsed, read
from tests.unit.api.world import ID
from tests.unit.web.letter_cases import END, case

ALL = sorted(Kind)
HOSTILE = "<script>alert('x')</script>\"&{{ 7 * 7 }}"


class _Elements(HTMLParser):
    """Every element of a document with its attributes."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(document)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


@pytest.mark.parametrize("kind", ALL)
def test_the_parts_are_where_mail_programs_look(kind: Kind) -> None:
    """Plain text first, HTML beside it, and the calendar file around both where there is one."""
    message = parsed(case(kind).letter())
    types = [part.get_content_type() for part in message.walk()]
    both = ["multipart/alternative", "text/plain", "text/html"]
    with_calendar = kind in {Kind.READY, Kind.EXTENDED, Kind.ENDED}
    assert types == (["multipart/mixed", *both, "text/calendar"] if with_calendar else both)


@pytest.mark.parametrize("kind", ALL)
def test_headers_say_who_to_whom_when_and_that_no_person_wrote(kind: Kind) -> None:
    """Date is the moment of writing, the Message-ID names the notice, Auto-Submitted keeps auto-replies away."""
    letter = case(kind).letter()
    message = parsed(letter)
    assert message["From"] == "Claude Code Cloud <cloud@ccc.example.org>"
    assert message["To"] == letter.to == "guest@example.com"
    assert message["Date"].datetime == END
    assert message["Message-ID"] == letter.message_id == f"<{ID}.{kind}-1@ccc.example.org>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Content-Language"] == "en"
    assert letter.sender == "cloud@ccc.example.org"


@pytest.mark.parametrize("kind", ALL)
def test_an_answer_goes_to_whoever_answers(kind: Kind) -> None:
    """Where the operator has named somebody, Reply-To is that address; else there is none."""
    one = case(kind)
    assert parsed(one.letter())["Reply-To"] is None
    answered = one.letter(reply_to="Pult für Gäste <desk@example.org>")
    assert parsed(answered)["Reply-To"].addresses[0].addr_spec == "desk@example.org"
    assert answered.message.isascii()
    assert answered.sender == one.letter().sender


@pytest.mark.parametrize("kind", ALL)
def test_one_notice_is_one_message_byte_for_byte(kind: Kind) -> None:
    """A second copy can be recognised, and two notices never share a boundary."""
    one, other = case(kind), case(kind)
    again = other.changed(ssh_public_key=one.instance.ssh_public_key, host_key=one.instance.host_key)
    assert one.letter() == again.letter()
    assert one.letter().message.count(b"boundary=") == len(set(re.findall(rb'boundary="(.*)"', one.letter().message)))


@pytest.mark.parametrize("kind", ALL)
def test_lines_travel_as_they_are(kind: Kind) -> None:
    """CRLF line ends, ASCII, at most 998 octets a line, no link folded: people read the file itself."""
    message = case(kind).letter().message
    assert message.count(b"\n") == message.count(b"\r\n") == message.count(b"\r")
    assert message.isascii()
    assert max(len(line) for line in message.split(b"\r\n")) <= 998
    assert b"quoted-printable" not in message
    assert b"base64" not in message


@pytest.mark.parametrize("kind", ALL)
def test_a_maildirs_line_ends_change_nothing(kind: Kind) -> None:
    """With newlines alone, as maildirs hold mails, a letter reads the same."""
    letter = case(kind).letter()
    assert read(letter.message.replace(b"\r\n", b"\n")) == read(letter)


@pytest.mark.parametrize("kind", ALL)
def test_a_subject_is_one_printable_line(kind: Kind) -> None:
    """ASCII, and short enough to be written without folding."""
    letter = case(kind).letter()
    line = re.search(rb"^Subject: (.*)\r\n(?![ \t])", letter.message, re.MULTILINE)
    assert line is not None
    assert line[1].isascii()
    assert line[1].decode().isprintable()
    assert line[1].decode() == read(letter).subject


@pytest.mark.parametrize("kind", ALL)
def test_html_brings_everything_with_it(kind: Kind) -> None:
    """No script, image, form or anything remote; styles are inline, and only links lead away."""
    elements = _Elements(case(kind).read().html).found
    tags = {tag for tag, _ in elements}
    assert tags <= {
        "a", "body", "code", "div", "h1", "h2", "head", "html", "li", "meta", "p", "pre", "span", "strong", "title",
        "ul",
    }  # fmt: skip
    assert {name for _, attributes in elements for name in attributes} <= {
        "charset", "content", "dir", "href", "lang", "name", "style",
    }  # fmt: skip
    assert [attributes["href"] for tag, attributes in elements if tag == "a"] != []
    assert not [a["style"] for _, a in elements if "url(" in str(a.get("style")) or "#" in str(a.get("style"))]


@pytest.mark.parametrize("kind", ALL)
def test_html_fits_light_and_dark(kind: Kind) -> None:
    """It names no colour of its own but says that it can be either, so the program's own contrast holds."""
    elements = _Elements(case(kind).read().html).found
    assert ("meta", {"name": "color-scheme", "content": "light dark"}) in elements
    styles = " ".join(str(attributes.get("style", "")) for _, attributes in elements)
    assert set(re.findall(r"(?<![\w-])color: *([^;]*)", styles)) <= {"inherit"}
    assert "background" not in styles


def test_hostile_values_stay_text_in_html() -> None:
    """Whatever gets into a row: in HTML it is text, and no template runs it."""
    failed = case(Kind.FAILED).changed(failure=Failure(code="x", message=HOSTILE, hint=HOSTILE)).read()
    wished = case(Kind.CONFIRM).changed(wish=Wish(hours=1, server_type=HOSTILE, location=HOSTILE)).read()
    ready = case(Kind.READY)
    assert ready.instance.choice is not None
    chosen = ready.changed(choice=Choice(server_type=HOSTILE, location="x", hourly=ready.instance.choice.hourly)).read()
    for letter in (failed, wished, chosen):
        assert "script" not in {tag for tag, _ in _Elements(letter.html).found}
        assert "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&#34;&amp;{{ 7 * 7 }}" in letter.html
        assert HOSTILE in letter.text


@pytest.mark.parametrize(
    "address",
    ["a@example.com, b@example.com", "a@example.com\r\nBcc: b@example.com", "A <a@example.com>", "a@example.com\n x"],
)
def test_an_address_that_is_more_than_one_writes_nothing(address: str) -> None:
    """A row with such an address is a bug, and no message leaves for it."""
    with pytest.raises(ValueError, match=r"[Aa]ddr|CR or LF"):
        case(Kind.READY).changed(email=address).letter()


@pytest.mark.parametrize(
    ("sender", "shown", "bare"),
    [
        ("cloud@localhost", "cloud@localhost", "cloud@localhost"),
        ('"Cloud, Claude Code" <c@example.org>', '"Cloud, Claude Code" <c@example.org>', "c@example.org"),
        ("Wolke für alle <c@example.org>", "Wolke für alle <c@example.org>", "c@example.org"),
    ],
)
def test_the_sender_may_have_a_name(sender: str, shown: str, bare: str) -> None:
    """Whatever its letters, there is one sender; the envelope has the bare address, and its domain names the mail."""
    letter = case(Kind.READY).letter(sender=sender)
    assert parsed(letter)["From"] == shown
    assert letter.sender == bare
    assert letter.message_id.endswith(f"@{bare.partition('@')[2]}>")
    assert letter.message.isascii()


def test_a_long_address_and_a_long_url_are_not_broken() -> None:
    """The longest address and a long link are whole in the message."""
    address = f"{'a' * 64}@{'.'.join(['b' * 60] * 3)}.org"
    url = f"https://{'.'.join(['c' * 60] * 4)}.example.org/{'d' * 100}"
    letter = case(Kind.READY).changed(email=address).letter(url=url)
    assert f"\r\nTo: {address}\r\n".encode() in letter.message
    assert f"\r\n{url}/i/{ID}#".encode() in letter.message
