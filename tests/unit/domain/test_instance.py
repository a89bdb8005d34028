"""The value of an instance: the few things it says of itself."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest

from chalicelib.domain.instance import Status
from chalicelib.domain.labels import server_name
from tests.unit.domain.samples import CHOICE, an_instance


def test_the_name_is_the_servers_name() -> None:
    """An instance is called what its server is called at the provider."""
    row = an_instance()
    assert row.name == server_name(row.id) == "cc-0123456789ab"


@pytest.mark.parametrize("status", list(Status))
def test_deleted_and_failed_are_terminal(status: Status) -> None:
    """Exactly two statuses end a life."""
    assert an_instance(status).terminal is (status in {Status.DELETED, Status.FAILED})


def test_a_refusal_is_remembered_by_type_and_location() -> None:
    """The key of a choice names both."""
    assert CHOICE.key == "cpx22@nbg1"


def test_a_row_is_never_changed_in_place() -> None:
    """A change is a new value; an assignment raises."""
    with pytest.raises(FrozenInstanceError):
        an_instance().version = 2  # type: ignore[misc]  # this is what must not work
