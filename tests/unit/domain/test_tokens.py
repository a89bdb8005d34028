"""Derived tokens, seeds and keys: the same again for the same, and another one for anything else."""

from __future__ import annotations

import base64
import re
import secrets
from itertools import product

import pytest

from chalicelib.domain.tokens import (
    KeyUse,
    Purpose,
    digest,
    guest_id_for,
    instance_id_for,
    matches,
    owner_key,
    retry_id_for,
    seed,
    source_key,
    token,
)

SECRET = secrets.token_bytes(32)
OTHER = secrets.token_bytes(32)
IDS = ("0123456789ab", "0123456789ac")


def test_every_purpose_instance_serial_and_secret_has_a_token_of_its_own() -> None:
    """No token opens anything but what it was made for."""
    made = [token(*each) for each in product((SECRET, OTHER), Purpose, IDS, range(3))]
    assert len(set(made)) == 2 * len(Purpose) * 2 * 3


@pytest.mark.parametrize("purpose", list(Purpose))
def test_a_token_is_the_same_at_every_step(purpose: Purpose) -> None:
    """A repeated step gives the same token, so that a crash loses nothing."""
    assert token(SECRET, purpose, IDS[0], 1) == token(SECRET, purpose, IDS[0], 1)


@pytest.mark.parametrize("purpose", list(Purpose))
def test_a_token_says_what_it_is_for(purpose: Purpose) -> None:
    """The prefix names the purpose, and the rest is 32 bytes in base64url, fit for a URL."""
    made = token(SECRET, purpose, IDS[0], 0)
    prefix, _, proof = made.partition(f"ccc_{purpose}_")
    assert prefix == ""
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", proof)
    assert len(base64.urlsafe_b64decode(proof + "=")) == 32


def test_tokens_match_only_themselves() -> None:
    """A token matches itself, and neither its beginning nor anything that is no ASCII."""
    made = token(SECRET, Purpose.MANAGE, IDS[0], 0)
    assert matches(made, made)
    assert not any(matches(given, made) for given in ("", made[:-1], made + "A", made.upper(), "é", "\ud800"))


def test_seeds_are_apart_from_tokens_and_from_each_other() -> None:
    """Each key of each instance has 32 bytes of its own, which no token shows."""
    seeds = {seed(SECRET, use, instance_id) for use, instance_id in product(KeyUse, IDS)}
    shown = {base64.urlsafe_b64decode(token(SECRET, purpose, IDS[0], 0)[-43:] + "=") for purpose in Purpose}
    assert len(seeds) == 2 * len(KeyUse)
    assert {len(each) for each in seeds} == {32}
    assert not seeds & shown


def test_the_same_key_and_caller_lead_to_the_same_instance() -> None:
    """An id is twelve hex digits made of the pepper, the key and the caller; each of them counts."""
    made = instance_id_for(SECRET, "key", "name@example.com")
    assert re.fullmatch(r"[0-9a-f]{12}", made)
    assert made == instance_id_for(SECRET, "key", "name@example.com")
    others = {
        instance_id_for(OTHER, "key", "name@example.com"),
        instance_id_for(SECRET, "yek", "name@example.com"),
        instance_id_for(SECRET, "key", "other@example.com"),
    }
    assert made not in others


def test_i26_an_owner_key_shows_no_address() -> None:
    """The key under which an address is counted depends on the pepper and holds nothing of the address."""
    made = owner_key(SECRET, "name@example.com")
    assert re.fullmatch(r"[0-9a-f]{32}", made)
    assert made not in {owner_key(OTHER, "name@example.com"), owner_key(SECRET, "other@example.com")}


def test_an_operator_token_is_kept_as_its_sha_256() -> None:
    """The digest is the plain SHA-256 in hex, as `sha256sum` prints it."""
    assert digest("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_ids_of_orders_signups_and_retries_never_meet() -> None:
    """The same words lead to different ids by each way: no key of a stranger finds an operator's instance."""
    given = ("key", "name@example.com")
    made = {instance_id_for(SECRET, *given), guest_id_for(SECRET, *given), retry_id_for(SECRET, given[0])}
    assert len(made) == 3
    assert all(re.fullmatch(r"[0-9a-f]{12}", each) for each in made)


def test_the_id_of_a_signup_hangs_on_pepper_key_and_address() -> None:
    """Each of the three counts, and the same three give the same id."""
    made = guest_id_for(SECRET, "key", "name@example.com")
    assert made == guest_id_for(SECRET, "key", "name@example.com")
    others = {
        guest_id_for(OTHER, "key", "name@example.com"),
        guest_id_for(SECRET, "yek", "name@example.com"),
        guest_id_for(SECRET, "key", "other@example.com"),
    }
    assert made not in others


def test_a_retry_has_one_id_and_another_of_its_own() -> None:
    """Asked twice it is the same; a retry that fails can be tried again itself."""
    first = retry_id_for(SECRET, IDS[0])
    assert first == retry_id_for(SECRET, IDS[0])
    assert len({IDS[0], first, retry_id_for(SECRET, first), retry_id_for(SECRET, IDS[1])}) == 4


def test_i26_a_source_key_shows_no_address() -> None:
    """Requests are counted under a digest that depends on the pepper, apart from the keys of owners."""
    made = source_key(SECRET, "192.0.2.7")
    assert re.fullmatch(r"[0-9a-f]{32}", made)
    assert made not in {source_key(OTHER, "192.0.2.7"), source_key(SECRET, "192.0.2.8"), owner_key(SECRET, "192.0.2.7")}
