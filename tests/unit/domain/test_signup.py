"""Who may sign up, and what counts as one source of requests."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.email import EmailAddress
from chalicelib.domain.signup import NOBODY, SignupKind, SignupPolicy, source_of

LISTED = SignupPolicy(kind=SignupKind.ALLOWLIST, domains=("example.org", "b.co"))


@pytest.mark.parametrize("address", ["name@example.org", "x@b.co"])
def test_an_open_service_admits_everybody(address: str) -> None:
    """With `open` an address is enough."""
    assert SignupPolicy(kind=SignupKind.OPEN).admits(EmailAddress(value=address))


@pytest.mark.parametrize("policy", [NOBODY, SignupPolicy(kind=SignupKind.CLOSED, domains=("example.org",))])
def test_a_closed_service_admits_nobody(policy: SignupPolicy) -> None:
    """With `closed` no address is admitted, whatever domains are named; it is what stands where nothing is set."""
    assert not policy.admits(EmailAddress(value="name@example.org"))


@pytest.mark.parametrize(
    ("address", "admitted"),
    [
        ("name@example.org", True),
        ("Name+tag@b.co", True),
        ("name@sub.example.org", False),
        ("name@notexample.org", False),
        ("name@example.org.evil.net", False),
        ("example.org@evil.net", False),
        ("name@org", False),
    ],
)
def test_an_allow_list_names_whole_domains(address: str, admitted: bool) -> None:
    """A listed domain stands for itself: not for those below it, nor for one that merely looks like it."""
    assert LISTED.admits(EmailAddress(value=address)) is admitted


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff"),
        ("2001:db8:1:2::1", "2001:0DB8:0001:0002:0:0:0:9"),
        ("192.0.2.7", "::ffff:192.0.2.7"),
        ("192.0.2.7", "::FFFF:c000:207"),
        ("::1", "::2"),
    ],
)
def test_one_customer_is_one_source(first: str, second: str) -> None:
    """A /64 of IPv6 is one source in every spelling, and an IPv4 address in IPv6 clothes is that address."""
    assert source_of(first) == source_of(second)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:3::1"),
        ("192.0.2.7", "192.0.2.8"),
        ("::ffff:192.0.2.7", "::ffff:192.0.2.8"),
        ("no address", ""),
    ],
)
def test_two_customers_are_two_sources(first: str, second: str) -> None:
    """Neighbours do not use up each other's requests; what is no address is a source of its own."""
    assert source_of(first) != source_of(second)


@given(address=st.ip_addresses(v=6), rest=st.integers(0, 2**64 - 1))
def test_all_of_a_64_is_one_source(address: ipaddress.IPv6Address, rest: int) -> None:
    """Whatever the lower 64 bits are, the source is the same, unless it is a mapped IPv4 address."""
    other = ipaddress.IPv6Address(int(address) >> 64 << 64 | rest)
    if address.ipv4_mapped is None and other.ipv4_mapped is None:
        assert source_of(str(address)) == source_of(str(other))


@given(text=st.text(max_size=60))
def test_no_text_makes_it_raise(text: str) -> None:
    """Whatever a gateway hands over is some source, and the same again for the same."""
    assert source_of(text) == source_of(text)
