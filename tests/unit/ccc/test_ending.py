"""How a machine's end and its cost are told, while it lives and afterwards."""

from __future__ import annotations

from typing import Any

import pytest

from ccc.cost import cost_in_words
from tests.unit.ccc.conftest import Ccc
from tests.unit.ccc.service import RUNNING, Service, instance

ID = "0123456789ab"


def ends(ccc: Ccc, service: Service, **changes: Any) -> list[str]:
    """Return the lines of `ccc status` that tell of an end."""
    service.add(instance(ID, **{**RUNNING, "seconds_left": None, **changes}))
    return [line for line in ccc("status", ID).out.splitlines() if line.startswith(("Expires", "End"))]


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("released", "ended on request"),
        ("failed", "it could not be installed"),
        ("lost", "it disappeared at the server provider"),
        ("something_new", "something_new"),
    ],
)
def test_ended_before_its_time(ccc: Ccc, service: Service, reason: str, words: str) -> None:
    """A machine that is gone does not expire in the future; why it went is said in words."""
    assert ends(ccc, service, status="deleted", end_reason=reason) == [f"Ended: {words}"]


def test_ended_in_time(ccc: Ccc, service: Service) -> None:
    """A machine whose time was over ended at its planned end."""
    [line] = ends(ccc, service, status="deleted", end_reason="expired")
    assert line == "Ended: Tue 2026-11-24 12:00:00 UTC (2026-11-24T12:00:00Z), its time was over"


def test_a_told_end_counts(ccc: Ccc, service: Service) -> None:
    """Where the service tells when it ended, that is shown."""
    [line] = ends(ccc, service, status="deleted", end_reason="released", ended_at="2026-11-23T13:00:00Z")
    assert line.endswith("(2026-11-23T13:00:00Z), ended on request")


def test_while_it_is_deleted_and_while_it_lives(ccc: Ccc, service: Service) -> None:
    """What is being deleted is ending, what runs expires."""
    assert ends(ccc, service, status="deleting", end_reason="released") == ["Ending: ended on request"]
    assert ends(ccc, service)[0].startswith("Expires: Tue 2026-11-24 12:00:00")


def test_cost() -> None:
    """The cost is told to whoever is told it: so far and to come, or in all."""
    assert cost_in_words(instance(status="running")) == "0.00 EUR so far, 0.31 EUR until its end"
    ran = {**instance(status="deleted"), "running_at": "2026-11-23T12:00:00Z"}
    assert cost_in_words(ran) == "0.00 EUR in all"
    assert cost_in_words(instance(status="deleted")) == "0.00 EUR in all, to the operator"
    assert cost_in_words({**instance(), "cost": None}) is None
    assert cost_in_words({"id": ID}) is None


def test_status_tells_the_cost(ccc: Ccc, service: Service) -> None:
    """`status` has a line for the cost where the service names it, and none where not."""
    service.add(instance(ID, **RUNNING))
    assert "Cost: 0.00 EUR so far, 0.31 EUR until its end" in ccc("status", ID).out.splitlines()
    service.instances[ID].pop("cost")
    assert "Cost" not in ccc("status", ID).out
