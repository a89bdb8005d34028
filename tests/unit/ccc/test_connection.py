"""Which address and token win: flag, variable, --context, current context."""

from __future__ import annotations

from pathlib import Path

import pytest

from ccc.connection import Connection, checked_url, resolved
from ccc.contexts import Context, Contexts
from ccc.environment import Environment
from ccc.errors import NotAllowed, WrongUse
from ccc.verb import Flags

KNOWN = Contexts(
    current="one",
    by_name={
        "one": Context(url="https://one.example", token="t-one"),
        "two": Context(url="https://two.example", token="t-two"),
    },
)


def variables(url: str | None = None, token: str | None = None) -> Environment:
    """Return an environment that says this much."""
    return Environment(url=url, token=token, config_folder=Path(), cache_folder=Path(), state_folder=Path())


def test_the_current_context_is_the_last_word() -> None:
    """When nothing else is said, the current context is meant."""
    assert resolved(Flags(), variables(), KNOWN) == Connection(url="https://one.example", token="t-one")


def test_a_named_context_comes_before_the_current_one() -> None:
    """--context beats the current context."""
    found = resolved(Flags(context="two"), variables(), KNOWN)
    assert found == Connection(url="https://two.example", token="t-two")


def test_variables_come_before_a_named_context(capsys: pytest.CaptureFixture[str]) -> None:
    """CCC_URL and CCC_TOKEN beat --context, and that is said, for it may surprise."""
    found = resolved(Flags(context="two"), variables("https://env.example", "t-env"), KNOWN)
    assert found == Connection(url="https://env.example", token="t-env")
    assert "come before --context" in capsys.readouterr().err


def test_flags_come_before_everything() -> None:
    """--url and --token beat the variables."""
    flags = Flags(url="https://flag.example", token="t-flag", context="two")
    found = resolved(flags, variables("https://env.example", "t-env"), KNOWN)
    assert found == Connection(url="https://flag.example", token="t-flag")


def test_a_saved_token_goes_only_to_its_address() -> None:
    """Another address does not get the current context's token."""
    assert resolved(Flags(url="https://other.example"), variables(), KNOWN).token is None


def test_a_saved_address_finds_its_token() -> None:
    """An address that is saved under any name gets the token it was saved with."""
    assert resolved(Flags(url="https://two.example/"), variables(), KNOWN).token == "t-two"


def test_an_unknown_context() -> None:
    """A context that is not saved is a usage error."""
    with pytest.raises(WrongUse, match="no context named 'three'"):
        resolved(Flags(context="three"), variables(), KNOWN)


def test_nothing_said_at_all() -> None:
    """Without any address and token the person is told what to add."""
    with pytest.raises(NotAllowed):
        resolved(Flags(), variables(), Contexts())


def test_a_token_without_an_address() -> None:
    """A token alone leaves the address to be said."""
    with pytest.raises(WrongUse, match="no address"):
        resolved(Flags(), variables(token="t"), Contexts())


@pytest.mark.parametrize(
    "url",
    [
        "localhost:8000", "ftp://a.example", "https://", "http://a.example:99999", "http://[::1", "http://a b/",
        "https://a.example/?q=1", "https://a.example/#t", "https://name:word@a.example", "http://a.example/\n",
    ],
)  # fmt: skip
def test_unusable_addresses(url: str) -> None:
    """What is no plain http(s) address is refused before anything is sent."""
    with pytest.raises(WrongUse, match="must look like"):
        checked_url(url)
