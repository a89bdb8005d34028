"""Dying after a chosen call: counted per process, on the named method alone."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, cast

import pytest

from chalicelib.operations.ports import Letter
from chalicelib.operations.services import Services
from onebox.failpoints import Failpoint, wrap
from tests.fakes.mailer import FakeMailer
from tests.fakes.nudge import FakeNudge

LETTER = Letter(sender="b@example.com", to="a@example.com", message_id="<1@example.com>", message=b"s\r\n")


def _services(**ports: Any) -> Services:
    values: dict[str, Any] = {one.name: None for one in fields(Services)}
    return Services(**{**values, **ports})


def test_death_comes_after_the_nth_return() -> None:
    """The effect has happened when the process dies, and not one call earlier."""
    mailer, deaths = FakeMailer(), list[int]()
    wrapped = wrap(_services(mailer=mailer), "Mailer.send:2", die=lambda: deaths.append(len(mailer.sent)))
    for _ in range(3):
        wrapped.mailer.send(LETTER)
    assert deaths == [2]


def test_a_call_that_raises_does_not_count() -> None:
    """Only returns are counted: the effect must have been had."""
    mailer, deaths = FakeMailer(), list[str]()
    mailer.fail_next(OSError("no"))
    wrapped = wrap(_services(mailer=mailer), "Mailer.send:1", die=lambda: deaths.append("dead"))
    with pytest.raises(OSError, match="no"):
        wrapped.mailer.send(LETTER)
    assert deaths == []
    wrapped.mailer.send(LETTER)
    assert deaths == ["dead"]


def test_a_chain_counts_each_place_from_the_one_before_it() -> None:
    """`A:1>B:2` dies at the second return of B after the first one of A; what B did before does not count."""
    mailer, nudge, deaths = FakeMailer(), FakeNudge(), list[str]()
    wrapped = wrap(
        _services(mailer=mailer, nudge=nudge), "Mailer.send:1>Nudge.advance:2", die=lambda: deaths.append("dead")
    )
    wrapped.nudge.advance("a")
    wrapped.nudge.advance("b")
    wrapped.mailer.send(LETTER)
    wrapped.nudge.advance("c")
    assert deaths == []
    wrapped.nudge.advance("d")
    assert deaths == ["dead"]
    wrapped.nudge.advance("e")
    assert deaths == ["dead"]


def test_everything_else_is_passed_through() -> None:
    """Other methods and attributes of the port, and the other ports, are the originals."""
    mailer, nudge = FakeMailer(), FakeNudge()
    wrapped = wrap(_services(mailer=mailer, nudge=nudge), "Mailer.send:1", die=lambda: None)
    assert wrapped.nudge is nudge
    assert cast("FakeMailer", wrapped.mailer).sent is mailer.sent


@pytest.mark.parametrize("spec", ["", "Mailer.send", "Mailer.send:0", "mailer.send:1", "Mailer:1", "Mailer.send:1:2"])
def test_a_spec_of_another_form_is_refused(spec: str) -> None:
    """The form is said."""
    with pytest.raises(ValueError, match=r"Port\.method:n"):
        Failpoint.parse(spec)


@pytest.mark.parametrize("spec", ["Postman.send:1", "Mailer.fly:1", "Limits.max_live:1"])
def test_a_place_that_does_not_exist_is_refused(spec: str) -> None:
    """A typing error must not look like a process that survived."""
    with pytest.raises(ValueError, match="ONEBOX_KILL_AFTER"):
        wrap(_services(mailer=FakeMailer()), spec)
