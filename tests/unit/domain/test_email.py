"""The value of an e-mail address and its quota form; the number in a name is the line of the list of bad inputs."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.email import EmailAddress, parse_email, quota_form
from chalicelib.domain.errors import InvalidInput


def refusal(text: object) -> str:
    """Parse what must not parse, and return the sentence."""
    with pytest.raises(InvalidInput) as caught:
        parse_email(text)
    assert set(caught.value.fields) == {"email"}
    return caught.value.fields["email"]


@pytest.mark.parametrize(
    "text",
    [
        "name@example.com",
        "name@example.org",
        "First.Last@mail.example.co.uk",
        "o'brien@b.co",
        "a+b+c@b.co",
        "_@b.co",
        "a-b_c.d@1-2.co",
        "a@xn--bcher-kva.de",
        "a@b.xn--p1ai",
        "a" * 64 + "@b.co",
    ],
)
def test_plain_addresses_are_taken_as_they_are(text: str) -> None:
    """What ordinary addresses look like is taken without a change."""
    assert parse_email(text).value == text


def test_the_domain_loses_its_case_and_the_local_part_keeps_it() -> None:
    """The domain is written in lower case, the local part as it came."""
    assert parse_email("First.Last@Example.COM").value == "First.Last@example.com"


@pytest.mark.parametrize("value", [None, 1, [], {}, True, b"a@b.co", ["a@b.co"]], ids=ascii)
def test_line_29(value: object) -> None:
    """What is not a string is answered with what an address looks like."""
    assert "an e-mail address is needed" in refusal(value)


@pytest.mark.parametrize("text", ["", " ", "   ", "\t", "\n"], ids=ascii)
def test_line_30(text: str) -> None:
    """Nothing and blanks are no address."""
    assert refusal(text)


@pytest.mark.parametrize(
    ("text", "why"),
    [("a", "domain"), ("@b.co", "before the @"), ("a@", "domain"), ("@", "domain"), ("a@b@c.co", "before the @")],
)
def test_line_31(text: str, why: str) -> None:
    """An address has one part before the @ and one behind it."""
    assert why in refusal(text)


@pytest.mark.parametrize("text", ["a@b", "a@localhost", "a@.co", "a@b.", "a@b..co", "a@-b.co", "a@b-.co", "a@b_c.co"])
def test_line_32(text: str) -> None:
    """The domain has at least two well-formed labels."""
    assert "mail domain" in refusal(text)


@pytest.mark.parametrize(
    "text",
    ["a@b.co\r\nBcc: c@d.co", "a@b.co\n", "a@b.co\r", "\na@b.co", "a\r\nBcc: c@d.co\r\n@b.co", "a\n@b.co", "a@b\n.co"],
    ids=ascii,
)
def test_line_33(text: str) -> None:
    """A line end is refused wherever it stands, the very end included."""
    assert refusal(text)


@pytest.mark.parametrize("text", ["a%0d%0aBcc:c@b.co", "a%0d%0a@b.co", "a@b.co%0d%0a", "a%40c.co@b.co"])
def test_line_34(text: str) -> None:
    """Percent signs, and so encoded line ends, are refused."""
    assert refusal(text)


@pytest.mark.parametrize("text", ["a@b.co, c@d.co", "a@b.co,c@d.co", "a@b.co;c@d.co", "a@b.co c@d.co", "a,c@d.co"])
def test_line_35(text: str) -> None:
    """Two addresses are not one."""
    assert refusal(text)


@pytest.mark.parametrize("text", ["Name <a@b.co>", "<a@b.co>", "a@b.co (Name)", "mailto:a@b.co", "group:a@b.co;"])
def test_line_36(text: str) -> None:
    """Names, brackets, comments and schemes around an address are refused."""
    assert refusal(text)


@pytest.mark.parametrize("text", ['"a"@b.co', '"a b"@b.co', '"a@c"@b.co', "a\\b@b.co", "a\\@c@b.co", 'a"b@b.co'])
def test_line_37(text: str) -> None:
    """Quotes and backslashes are refused."""
    assert "before the @" in refusal(text)


@pytest.mark.parametrize("text", ["a..b@b.co", ".a@b.co", "a.@b.co", ".@b.co"])
def test_line_38(text: str) -> None:
    """Dots stand alone and between other characters."""
    assert "no dot at an end" in refusal(text)


@pytest.mark.parametrize("text", ["a@[127.0.0.1]", "a@127.0.0.1", "a@[IPv6:::1]", "a@::1", "a@b.123", "a@b.1co"])
def test_line_39(text: str) -> None:
    """An IP address is no mail domain, and neither is what ends in a number."""
    assert "mail domain" in refusal(text)


@pytest.mark.parametrize("text", [" a@b.co", "a@b.co ", "a @b.co", "a@ b.co", "\ta@b.co", "a@b.co\u00a0"], ids=ascii)
def test_line_40(text: str) -> None:
    """Blanks are not trimmed."""
    assert refusal(text)


@pytest.mark.parametrize("character", ["\u2028", "\u202e", "\0", "\x1b", "\x7f", "\ud800", "\u200b"], ids=ascii)
@pytest.mark.parametrize("shape", ["a{}b@b.co", "a@b{}.co", "a@b.co{}"])
def test_line_41(character: str, shape: str) -> None:
    """Invisible characters are refused in either part."""
    assert refusal(shape.format(character))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        pytest.param("a@" + "b." * 125 + "com", "longer than 254", id="255 in all"),
        pytest.param("a" * 65 + "@b.co", "1 to 64", id="65 before the @"),
        pytest.param("a@" + "b" * 64 + ".co", "mail domain", id="64 in a label"),
    ],
)
def test_line_42(text: str, why: str) -> None:
    """254 characters in all, 64 before the @ and 63 in a label are the most."""
    assert why in refusal(text)


def test_line_42_accepted() -> None:
    """An address of exactly 254 characters is taken."""
    text = "a@" + "b." * 125 + "co"
    assert len(parse_email(text).value) == 254


@pytest.mark.parametrize("domain", ["b.invalid", "b.local", "b.localhost", "b.LOCAL", "b.test", "b.onion", "1.arpa"])
def test_line_43(domain: str) -> None:
    """Domains without mail are refused by their last label, in any case."""
    assert "no mail" in refusal(f"a@{domain}")


@pytest.mark.parametrize("domain", ["example.com", "example.org", "local.co", "mylocal.co", "invalid.example.com"])
def test_line_43_accepted(domain: str) -> None:
    """The domains of examples are taken, and so is a reserved word that is not the last label."""
    assert parse_email(f"a@{domain}").value == f"a@{domain}"


@pytest.mark.parametrize("text", ["=?utf-8?q?a?=@b.co", "=?utf-8?b?YQ==?=@b.co", "a?b@b.co", "a=b@b.co"])
def test_line_44(text: str) -> None:
    """Encoded words are refused, with every character they are made of."""
    assert "before the @" in refusal(text)


@pytest.mark.parametrize("text", ["a@bücher.de", "a@\u212a.co", "a@\uff42.co", "a@b。co"], ids=ascii)
def test_line_45(text: str) -> None:
    """A domain that is not ASCII yet is refused here: the edge turns it into ASCII before."""
    assert "ASCII" in refusal(text)


@pytest.mark.parametrize("text", ["jörg@b.co", "用户@b.co", "\U0001f600@b.co", "\u0430@b.co"], ids=ascii)
def test_line_46_and_47(text: str) -> None:
    """Letters beyond ASCII before the @, look-alikes included, are refused."""
    assert "ASCII" in refusal(text)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("a.b+shop@gmail.com", "ab@gmail.com"),
        ("a.b@googlemail.com", "ab@gmail.com"),
        ("A.B+x+y@GoogleMail.com", "ab@gmail.com"),
        ("a+shop@example.com", "a@example.com"),
        ("a.b@example.com", "a.b@example.com"),
        ("a.b@notgmail.com", "a.b@notgmail.com"),
        ("a-b_c@gmail.com", "a-b_c@gmail.com"),
    ],
)
def test_line_49(text: str, key: str) -> None:
    """The quota key loses plus tags, and dots at Gmail only; the address itself keeps them."""
    address = parse_email(text)
    assert quota_form(address) == key
    assert address.value.partition("@")[0] == text.partition("@")[0]


@pytest.mark.parametrize("text", ["<script>alert(1)</script>@b.co", "a@<script>.co", "<script>", "a&lt;@b.co"])
def test_line_50(text: str) -> None:
    """Markup is refused, and not repeated in the sentence."""
    assert "script" not in refusal(text)


def test_line_51() -> None:
    """A megabyte is refused for its length alone."""
    assert "longer than 254" in refusal("a" * 1_000_000 + "@b.co")


@pytest.mark.parametrize("text", ["Name@Example.com", "NAME@EXAMPLE.COM", "name@example.com", "nAmE+X@example.COM"])
def test_line_53(text: str) -> None:
    """Spellings that differ in case share a quota key."""
    assert quota_form(parse_email(text)) == "name@example.com"


@pytest.mark.parametrize("text", ["-oQ/spool@b.co", "-a@b.co", "+a@b.co", "'a@b.co"])
def test_no_option_and_no_empty_name(text: str) -> None:
    """An address never begins as an option does, nor with a tag that would leave nothing."""
    assert "begin with a letter" in refusal(text)


def test_repr_hides_the_address() -> None:
    """The representation, which logs and tracebacks show, does not tell the address."""
    assert repr(EmailAddress(value="name@example.com")) == "EmailAddress()"


ADDRESSES = st.from_regex(
    r"[A-Za-z0-9_][A-Za-z0-9_+'-]{0,8}(\.[a-z+']{1,8}){0,2}@([a-z0-9]{1,5}\.){1,2}[a-z]{2,6}", fullmatch=True
)


@settings(max_examples=100, deadline=None)
@given(text=ADDRESSES)
def test_the_quota_form_is_an_address_with_itself_for_quota_form(text: str) -> None:
    """The quota form of an address never loses its name, and is its own quota form."""
    try:
        address = parse_email(text)
    except InvalidInput as error:
        assert "no mail" in error.fields["email"]  # noqa: PT017 -- a drawn domain may be .test or .local
        return
    key = quota_form(address)
    assert re.fullmatch(r"[^@+]+@[^@]+", key)
    assert quota_form(EmailAddress(value=key)) == key


@settings(max_examples=200, deadline=None)
@given(text=st.text(st.sampled_from("ab.@+-_'%<>\"\\ \r\n,;:!=?[]()\0é") | st.characters(), max_size=20))
def test_nothing_dangerous_is_ever_taken(text: str) -> None:
    """Whatever is taken is one run of harmless ASCII around one @."""
    try:
        value = parse_email(f"{text}@b.co").value
    except InvalidInput:
        return
    assert re.fullmatch(r"[\w.+'-]+@b\.co", value, re.ASCII)
