"""The contract with the builder: the order's way through JSON, and the vocabulary of failures."""

from __future__ import annotations

import json
import secrets

import pytest

from chalicelib.domain.build import (
    BUILDERS_CAUSES,
    FINAL_CAUSES,
    NEEDS_PERMISSION,
    BuildOrder,
    BuildRecord,
    Cause,
    KeyPair,
    Phase,
)
from tests.unit.domain.samples import HOUR, TEN


def an_order() -> BuildOrder:
    """An order with everything in it."""
    return BuildOrder(
        instance_id="0123456789ab",
        attempt=2,
        address="198.18.0.1",
        ssh_port=22,
        bootstrap_host_key="ssh-ed25519 K1",
        install_key=KeyPair(private=secrets.token_hex(8), public="ssh-ed25519 I"),
        final_host_key=KeyPair(private=secrets.token_hex(8), public="ssh-ed25519 K2"),
        authorized_key="ssh-ed25519 AAAA cc-0123456789ab",
        record={"instance_id": "0123456789ab", "ipv6_network": None},
        deadline=TEN + HOUR,
        build_token=secrets.token_hex(8),
    )


def test_an_order_survives_its_way_as_json() -> None:
    """What the builder reads is what the control plane wrote, times and keys included."""
    order = an_order()
    assert BuildOrder.from_json(json.loads(json.dumps(order.as_json()))) == order


@pytest.mark.parametrize("missing", ["deadline", "install_key", "address", "build_token"])
def test_a_document_without_a_part_is_no_order(missing: str) -> None:
    """An incomplete document raises instead of becoming half an order."""
    document = an_order().as_json()
    del document[missing]
    with pytest.raises((KeyError, TypeError)):
        BuildOrder.from_json(document)


def test_reading_an_order_leaves_the_document_alone() -> None:
    """The document that was read can be read again."""
    document = an_order().as_json()
    assert BuildOrder.from_json(document) == BuildOrder.from_json(document)


def test_a_wrong_key_is_final() -> None:
    """After an answer with another key no further attempt is made; a lost builder is tried again."""
    assert {Cause.WRONG_HOST_KEY, Cause.WRONG_KEYS} == FINAL_CAUSES
    assert FINAL_CAUSES <= BUILDERS_CAUSES


@pytest.mark.parametrize("phase", list(Phase))
def test_b4_a_permission_means_that_the_disk_may_be_touched(phase: Phase) -> None:
    """Whoever was allowed to begin kexec or disko leaves a server that must be rebuilt (row B4)."""
    record = BuildRecord(instance_id="0123456789ab", attempt=1, nonce="n", claimed_at=TEN)
    allowed = BuildRecord(
        instance_id="0123456789ab", attempt=1, nonce="n", claimed_at=TEN, permitted=frozenset({phase})
    )
    assert not record.touched_disk
    assert allowed.touched_disk
    assert (phase in NEEDS_PERMISSION) is (phase in {Phase.KEXEC, Phase.DISKO})
