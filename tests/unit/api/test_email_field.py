"""The e-mail field of a request; the number in a name is the line of the list of bad inputs."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.api.email_field import normalise_email
from chalicelib.domain.email import parse_email
from chalicelib.domain.errors import InvalidInput


def refusal(value: object) -> str:
    """Normalise what must be refused, and return the sentence."""
    with pytest.raises(InvalidInput) as caught:
        normalise_email(value)
    assert set(caught.value.fields) == {"email"}
    assert caught.value.fields["email"].isascii()
    return caught.value.fields["email"]


REFUSED: list[tuple[int, list[object]]] = [
    (29, [None, 1, [], {}, True, b"a@b.co"]),
    (30, ["", " ", "\t"]),
    (31, ["a", "@b.co", "a@", "@", "a@b@c.co"]),
    (32, ["a@b", "a@localhost", "a@b..co", "a@-b.co"]),
    (33, ["a@b.co\r\nBcc: c@d.co", "a@b.co\n", "a\n@b.co"]),
    (34, ["a%0d%0a@b.co", "a%0d%0aBcc:c@d.co@b.co", "a@b.co%0d%0a"]),
    (35, ["a@b.co, c@d.co", "a@b.co;c@d.co"]),
    (36, ["Name <a@b.co>", "<a@b.co>"]),
    (37, ['"a"@b.co', '"a b"@b.co', "a\\b@b.co"]),
    (38, ["a..b@b.co", ".a@b.co", "a.@b.co"]),
    (39, ["a@[127.0.0.1]", "a@127.0.0.1", "a@[IPv6:::1]"]),
    (40, [" a@b.co", "a@b.co ", "a @b.co", "a@b.co\u00a0"]),
    (41, ["a\u2028@b.co", "a@b\u202e.co", "a\0@b.co", "a@b.co\ud800", "\ud800@b.co", "a@b\u00ad.co"]),
    (42, ["a" * 65 + "@b.co", "a@" + "b." * 125 + "com", "a@" + "b" * 64 + ".co", "a@" + "ü" * 60 + ".de"]),
    (43, ["a@b.invalid", "a@b.local", "a@b.localhost", "a@localhost", "a@b.test", "a@B.Local"]),
    (44, ["=?utf-8?q?a?=@b.co", "=?utf-8?b?YQ==?=@b.co"]),
    (46, ["jörg@b.co", "用户@b.co"]),
    (47, ["\u0430@b.co", "pаypal@b.co"]),  # noqa: RUF001 -- the look-alike letter is the case
    (50, ["<script>@b.co", "<script>alert(1)</script>", "a@<script>.co"]),
    (51, ["a" * 1_000_000 + "@b.co"]),
]


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(value, id=f"line_{number}-{place}")
        for number, values in REFUSED
        for place, value in enumerate(values)
    ],
)
def test_refused(value: object) -> None:
    """Every bad input of the list is refused under the field's name, in a sentence that is plain ASCII."""
    assert refusal(value)


@pytest.mark.parametrize("domain", ["example.com", "example.org", "mail.example.com"])
def test_line_43_accepted(domain: str) -> None:
    """The domains of examples are taken."""
    assert normalise_email(f"me@{domain}").value == f"me@{domain}"


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("a@bücher.de", "a@xn--bcher-kva.de"),
        ("a@BÜCHER.de", "a@xn--bcher-kva.de"),
        ("a@xn--bcher-kva.de", "a@xn--bcher-kva.de"),
        ("a@пример.рф", "a@xn--e1afmkfd.xn--p1ai"),
        ("a@例え。jp", "a@xn--r8jz45g.jp"),
    ],
    ids=ascii,
)
def test_line_45(typed: str, kept: str) -> None:
    """A domain of another script is kept in its ASCII form."""
    assert normalise_email(typed).value == kept


@pytest.mark.parametrize("typed", ["a+tag@gmail.com", "a.b.c@gmail.com", "A.B@Example.COM"])
def test_line_49(typed: str) -> None:
    """Plus tags and dots are kept in the address that mail is sent to."""
    assert normalise_email(typed).value.partition("@")[0] == typed.partition("@")[0]


@pytest.mark.parametrize("typed", ["a@xn--a.de", "a@xn--.de", "a@xn--ls8h.la"])
def test_false_ascii_forms(typed: str) -> None:
    """An xn-- label that stands for no permitted name is refused."""
    assert refusal(typed)


@settings(max_examples=200, deadline=None)
@given(text=st.text(max_size=12), domain=st.sampled_from(["b.co", "bücher.de", "例え.jp"]) | st.text(max_size=12))
def test_what_comes_out_is_what_the_domain_takes(text: str, domain: str) -> None:
    """Any text is refused with an `InvalidInput`, or becomes an address that comes out of the same way unchanged."""
    try:
        address = normalise_email(f"{text}@{domain}")
    except InvalidInput:
        return
    assert parse_email(address.value) == address
    assert normalise_email(address.value) == address


def test_the_library_is_imported_late() -> None:
    """Importing the field's module does not import the library."""
    program = "import sys, chalicelib.api.email_field; sys.exit('email_validator' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_line_51() -> None:
    """A megabyte is refused for its length, before the library looks at any of it."""
    assert "more than 254" in refusal("a@" + "\u0661" * 1_000_000)


def test_a_look_alike_is_named() -> None:
    """A Cyrillic letter that looks Latin is shown by its number, since showing it would explain nothing."""
    assert r"\u0430" in refusal("\u0430@b.co")
