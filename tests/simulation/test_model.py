"""The order of the protocol holds in every interleaving, and each of the orders that were turned down breaks."""

from __future__ import annotations

import pytest

from tests.simulation.model import Design, explore


def test_the_chosen_order_has_no_violation() -> None:
    """Row first, compare-and-swap, deleting claimed first, servers listed first: thousands of states, nothing wrong."""
    states, wrong = explore(Design())
    assert wrong == set()
    assert states > 2_000


@pytest.mark.parametrize(
    ("design", "kind"),
    [
        (Design(row_first=False), "a running row has no server"),
        (Design(row_first=False, sweeps=False), "a server is left that nobody removes"),
        (Design(servers_listed_first=False), "a running row has no server"),
        (Design(extend_by_compare_and_swap=False), "an extended instance is deleted"),
        (Design(sweeps=False), "a server is left that nobody removes"),
    ],
    ids=["server first", "server first, no sweep", "rows listed first", "read-modify-save", "no sweep"],
)
def test_each_broken_design_is_found(design: Design, kind: str) -> None:
    """The model has teeth: every design that was turned down shows the violation it was turned down for."""
    _, wrong = explore(design, looking_for=kind)
    assert kind in wrong
