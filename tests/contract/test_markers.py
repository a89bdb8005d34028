"""The contract of `Servers`, its markers: whose project this is, and which epoch it has seen."""

from __future__ import annotations

import pytest

from chalicelib.domain import labels
from chalicelib.domain.errors import NameTaken, ProviderError
from chalicelib.operations.ports import Marker, MarkerState
from tests.contract.server_benches import Bench, strangers_labels
from tests.contract.server_orders import order, public_key


def test_a_marker_is_found_by_id_and_by_name(bench: Bench, stack: str) -> None:
    """It is missing until it is planted, and then ours with the epoch it was planted with."""
    assert bench.servers.read_marker(stack, None) == Marker(state=MarkerState.MISSING)
    assert bench.servers.read_marker(stack, 999_999_999) == Marker(state=MarkerState.MISSING)
    planted = bench.servers.plant_marker(stack, 4, public_key())
    assert (planted.state, planted.epoch) == (MarkerState.OURS, 4)
    assert bench.servers.read_marker(stack, None) == planted
    assert bench.servers.read_marker(stack, planted.marker_id) == planted


def test_an_epoch_is_raised_in_place(bench: Bench, stack: str, marker: Marker) -> None:
    """The marker keeps its id and stays ours; a marker that is gone cannot be raised."""
    assert marker.marker_id is not None
    bench.servers.raise_epoch(marker.marker_id, stack, 9)
    raised = Marker(state=MarkerState.OURS, marker_id=marker.marker_id, epoch=9)
    assert bench.servers.read_marker(stack, marker.marker_id) == raised
    with pytest.raises(ProviderError):
        bench.servers.raise_epoch(999_999_999, stack, 10)


def test_a_marker_of_ours_is_adopted_as_it_is(bench: Bench, stack: str, marker: Marker) -> None:
    """Planting again changes nothing: the existing marker and its own epoch are the answer."""
    assert bench.servers.plant_marker(stack, 8, public_key()) == marker
    assert bench.servers.read_marker(stack, None) == marker


def test_a_marker_of_somebody_else_is_foreign(bench: Bench, stack: str) -> None:
    """A key of the marker's name without our uuid is told apart, planted over or read, by id or by name."""
    key_id = bench.add_key(labels.marker_name(stack), public_key(), strangers_labels())
    foreign = Marker(state=MarkerState.FOREIGN, marker_id=key_id)
    assert bench.servers.plant_marker(stack, 1, public_key()) == foreign
    assert bench.servers.read_marker(stack, None) == foreign
    assert bench.servers.read_marker(stack, key_id) == foreign


def test_a_key_that_is_in_the_project_already_makes_no_marker(bench: Bench, stack: str) -> None:
    """The same public key under another name is NameTaken, and no marker appears."""
    key = public_key()
    bench.add_key("somebody", key, {})
    with pytest.raises(NameTaken):
        bench.servers.plant_marker(stack, 1, key)
    assert bench.servers.read_marker(stack, None).state is MarkerState.MISSING


def test_another_projects_token_sees_nothing(bench: Bench, stack: str, marker: Marker) -> None:
    """Servers and marker answer with absence, which only the fingerprint of the token explains."""
    made = bench.servers.create(order(bench, stack, marker))
    fingerprint = bench.servers.token_fingerprint()
    bench.switch_project()
    assert bench.servers.get(made.server_id) is None
    assert bench.servers.listed(stack) == ()
    assert bench.servers.read_marker(stack, marker.marker_id).state is MarkerState.MISSING
    assert bench.servers.token_fingerprint() != fingerprint
    bench.servers.delete(made.server_id)
