"""Lines 29 to 53: what is no mail address of one person, sent as a stranger's signup."""

from __future__ import annotations

import json

import pytest

from chalicelib.domain.email import EmailAddress
from chalicelib.operations import suppression
from tests.stack.bad_inputs.stranger import Stranger

LONGEST = "a@" + "b." * 125 + "co"
"""An address of 254 characters, the most there are."""


def ids_of(stranger: Stranger, address: str) -> set[str]:
    """The ids of everything that counts for this address, as its operator lists it."""
    status, listed = stranger.box.call("GET", f"/instances?all=1&owner={address}")
    assert status == 200
    return {each["id"] for each in listed["instances"]}


@pytest.mark.parametrize("value", [..., None, 1, 1.5, [], ["a@example.com"], {}, True], ids=repr)
def test_line_29_no_text(stranger: Stranger, value: object) -> None:
    """An address is text, and it is needed."""
    stranger.refused("email", value)


@pytest.mark.parametrize("text", ["", " ", "   ", "\t", "\n"], ids=ascii)
def test_line_30_empty(stranger: Stranger, text: str) -> None:
    """Nothing and blanks are no address."""
    stranger.refused("email", text)


@pytest.mark.parametrize("text", ["a", "@b.co", "a@", "@", "a@b@c.co"])
def test_line_31_half_an_address(stranger: Stranger, text: str) -> None:
    """An address has one part before the @ and one behind it."""
    stranger.refused("email", text)


@pytest.mark.parametrize("text", ["a@b", "a@localhost", "a@.co", "a@b.", "a@b..co", "a@-b.co", "a@b_c.co"])
def test_line_32_no_mail_domain(stranger: Stranger, text: str) -> None:
    """The domain has at least two well-formed labels."""
    stranger.refused("email", text)


@pytest.mark.parametrize(
    "text",
    ["a@b.co\r\nBcc: c@d.co", "a@b.co\n", "a@b.co\r", "\na@b.co", "a\r\nBcc: c@d.co\r\n@b.co", "a@b\n.co"],
    ids=ascii,
)
def test_line_33_line_ends(stranger: Stranger, text: str) -> None:
    """A line end would begin another header of a mail, and is refused wherever it stands."""
    stranger.refused("email", text)


@pytest.mark.parametrize("text", ["a%0d%0aBcc:c@b.co", "a%0d%0a@b.co", "a@b.co%0d%0a", "a%40c.co@b.co"])
def test_line_34_encoded_line_ends(stranger: Stranger, text: str) -> None:
    """Percent signs are not decoded into anything, and are refused."""
    stranger.refused("email", text)


@pytest.mark.parametrize("text", ["a@b.co, c@d.co", "a@b.co,c@d.co", "a@b.co;c@d.co", "a@b.co c@d.co"])
def test_line_35_two_addresses(stranger: Stranger, text: str) -> None:
    """Two addresses are not one."""
    stranger.refused("email", text)


@pytest.mark.parametrize("text", ["Name <a@b.co>", "<a@b.co>", "a@b.co (Name)", "mailto:a@b.co"])
def test_line_36_names(stranger: Stranger, text: str) -> None:
    """Names, brackets, comments and schemes around an address are refused."""
    stranger.refused("email", text)


@pytest.mark.parametrize("text", ['"a"@b.co', '"a b"@b.co', '"a@c"@b.co', "a\\b@b.co", "a\\@c@b.co"])
def test_line_37_quotes(stranger: Stranger, text: str) -> None:
    """Quotes and backslashes are refused."""
    stranger.refused("email", text)


@pytest.mark.parametrize("text", ["a..b@b.co", ".a@b.co", "a.@b.co"])
def test_line_38_dots(stranger: Stranger, text: str) -> None:
    """Dots stand alone and between other characters."""
    stranger.refused("email", text)


@pytest.mark.parametrize("text", ["a@[127.0.0.1]", "a@127.0.0.1", "a@[IPv6:::1]", "a@169.254.169.254"])
def test_line_39_ip_literals(stranger: Stranger, text: str) -> None:
    """An IP address is no mail domain."""
    stranger.refused("email", text)


@pytest.mark.parametrize("text", [" a@b.co", "a@b.co ", "a @b.co", "a@ b.co", "\ta@b.co", "a@b.co\u00a0"], ids=ascii)
def test_line_40_blanks(stranger: Stranger, text: str) -> None:
    """Blanks are not trimmed: whoever copies half a line is told so."""
    stranger.refused("email", text)


@pytest.mark.parametrize("character", ["\u2028", "\u202e", "\0", "\x1b", "\x7f", "\u200b"], ids=ascii)
@pytest.mark.parametrize("shape", ["a{}b@b.co", "a@b{}.co", "a@b.co{}"])
def test_line_41_invisible_characters(stranger: Stranger, shape: str, character: str) -> None:
    """Invisible characters are refused in either part."""
    stranger.refused("email", shape.format(character))


@pytest.mark.parametrize(
    "text",
    ["a@" + "b." * 125 + "com", "a" * 65 + "@b.co", "a@" + "b" * 64 + ".co"],
    ids=["255", "65 local", "64 label"],
)
def test_line_42_too_long(stranger: Stranger, text: str) -> None:
    """254 characters in all, 64 before the @ and 63 in a label are the most."""
    stranger.refused("email", text)


def test_line_42_the_longest(stranger: Stranger) -> None:
    """Exactly 254 characters are taken."""
    assert len(LONGEST) == 254
    stranger.taken(email=LONGEST)


@pytest.mark.parametrize("domain", ["b.invalid", "b.local", "localhost", "b.localhost", "b.test", "b.onion"])
def test_line_43_domains_without_mail(stranger: Stranger, domain: str) -> None:
    """Domains that never have mail are refused."""
    stranger.refused("email", f"a@{domain}")


@pytest.mark.parametrize("domain", ["example.com", "example.org"])
def test_line_43_domains_of_examples(stranger: Stranger, domain: str) -> None:
    """The domains that the first script anyone types uses are taken."""
    stranger.taken(email=f"line-43@{domain}")


@pytest.mark.parametrize("text", ["=?utf-8?q?a?=@b.co", "=?utf-8?b?YQ==?=@b.co"])
def test_line_44_encoded_words(stranger: Stranger, text: str) -> None:
    """What a mail program would decode is refused."""
    stranger.refused("email", text)


def test_line_45_domain_of_another_script(stranger: Stranger) -> None:
    """A domain of another script is stored in its ASCII form."""
    made = stranger.taken(email="line-45@b\u00fccher.example.com")
    assert stranger.inside.row(made).email == "line-45@xn--bcher-kva.example.com"


@pytest.mark.parametrize("text", ["j\u00f6rg@b.co", "\u7528\u6237@b.co", "\U0001f600@b.co"], ids=ascii)
def test_line_46_other_scripts_before_the_at(stranger: Stranger, text: str) -> None:
    """A mailbox of another script is refused, since not every mail server takes one."""
    stranger.refused("email", text)


def test_line_47_look_alike(stranger: Stranger) -> None:
    """A Cyrillic letter that looks like a Latin one is refused before the @, and the answer does not repeat it."""
    assert stranger.refused("email", "\u0430dmin@b.co").isascii()


@pytest.mark.parametrize("domain", ["mailinator.com", "eu.mailinator.com", "MAILINATOR.com", "refused.example.net"])
def test_line_48_disposable(stranger: Stranger, domain: str) -> None:
    """Mailboxes by the minute are refused, and so are the domains that the operator names."""
    assert "throw-away" in stranger.refused("email", f"a@{domain}")


@pytest.mark.parametrize(
    ("spellings", "quota"),
    [
        (["Li.ne+49@gmail.com", "li.n.e+x@googlemail.com", "line@gmail.com"], "line@gmail.com"),
        (["line-49+shop@example.com", "line-49@example.com"], "line-49@example.com"),
    ],
    ids=["dots and tags", "tags"],
)
def test_line_49_tags_and_dots(stranger: Stranger, spellings: list[str], quota: str) -> None:
    """All spellings of one mailbox are taken and written to as they are, and count as one."""
    made = {stranger.taken(email=spelled): spelled for spelled in spellings}
    assert ids_of(stranger, quota) == set(made)
    assert {each: stranger.inside.row(each).email for each in made} == made


@pytest.mark.parametrize("text", ["<script>alert(1)</script>@b.co", "a@<script>.co", "<script>", "a&lt;@b.co"])
def test_line_50_markup(stranger: Stranger, text: str) -> None:
    """Markup is refused, and not repeated."""
    assert "script" not in stranger.refused("email", text)


def test_line_51_a_megabyte(stranger: Stranger) -> None:
    """A megabyte of address is too large a body."""
    stranger.turned_away(413, "too_large", json.dumps(stranger.wish(email="a" * 1_000_000 + "@b.co")).encode())


@pytest.mark.parametrize("spelled", ["line-52@example.com", "LINE-52@Example.com"])
def test_line_52_suppressed(stranger: Stranger, spelled: str) -> None:
    """An address that took no mail is refused in words that do not tell why."""
    services = stranger.inside.services
    suppression.suppress(services, EmailAddress(value="line-52@example.com"))
    assert stranger.refused("email", spelled) == "this address cannot be used here; use another one"


def test_line_53_case(stranger: Stranger) -> None:
    """Spellings that differ in case are one person."""
    made = {
        stranger.taken(email=spelled)
        for spelled in ("Line-53@Example.com", "LINE-53@EXAMPLE.COM", "line-53@example.com")
    }
    assert ids_of(stranger, "line-53@example.com") == made
    assert len(made) == 3
