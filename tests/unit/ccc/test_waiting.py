"""Following an instance: how often it is asked, how long, and through which troubles."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from ccc.api import Api, Look
from ccc.errors import Unreachable, Unwell, WaitedTooLong, WrongUse
from ccc.instance import Instance, instance_from
from ccc.progress import PlainProgress
from ccc.waiting import Pace, follow
from tests.unit.ccc.command_line import on_terminal
from tests.unit.ccc.service import RUNNING, Asked, Reply, Service, instance

ID = "0123456789ab"


@dataclass
class Clock:
    """Time that passes only when somebody waits."""

    now: float = 100.0
    pauses: list[float] = field(default_factory=list)

    def pause(self, seconds: float) -> None:
        """Let time pass, and remember."""
        self.pauses.append(seconds)
        self.now += seconds

    def pace(self, **changes: float) -> Pace:
        """Return a pace that goes by this clock."""
        return Pace(now=lambda: self.now, pause=self.pause, **changes)


Step = Callable[[int], Look]


class FakeApi(Api):
    """Answers each look by the next step, the last one again and again; records holds and ETags."""

    def __init__(self, *steps: Step) -> None:
        self.steps = list(steps)
        self.holds: list[int] = []
        self.etags: list[str | None] = []

    def look(self, instance_id: str, *, etag: str | None = None, hold: int = 0) -> Look:  # noqa: ARG002 the port's
        """Answer one look."""
        self.holds.append(hold)
        self.etags.append(etag)
        step = self.steps.pop(0) if len(self.steps) > 1 else self.steps[0]
        return step(hold)


def news(status: str) -> Step:
    """Return a step that answers with that status."""
    found = Look(instance=instance_from(instance(ID, status=status)), etag=f'"{status}"')
    return lambda _: found


def unchanged(clock: Clock, *, held: bool = False) -> Step:
    """Return a step that answers "nothing new", at once or after the whole hold."""

    def step(hold: int) -> Look:
        clock.now += hold if held else 0
        return Look(instance=None, etag='"same"')

    return step


def away(_: int) -> Look:
    """Answer like a service that is not there."""
    raise Unreachable("Nothing answers.")


def unwell(_: int) -> Look:
    """Answer like a service whose table does not."""
    raise Unwell("A part of the service does not answer.")


def collected(api: Api, pace: Pace, *, until: str = "running", timeout: float | None = 1800) -> list[str]:
    """Return the statuses that are yielded, up to the one that is waited for."""
    seen: list[str] = []
    found: Instance
    for found in follow(api, ID, timeout=timeout, pace=pace):
        seen.append(found.status)
        if found.status == until:
            break
    return seen


def test_a_service_that_holds_is_never_paused_for() -> None:
    """When requests are held there is no pause of our own, and every look carries the last ETag."""
    clock = Clock()
    api = FakeApi(news("requested"), unchanged(clock, held=True), news("running"))
    assert collected(api, clock.pace()) == ["requested", "running"]
    assert clock.pauses == []
    assert api.holds == [25, 25, 25]
    assert api.etags == [None, '"requested"', '"same"']


def test_a_service_that_ignores_the_hold_is_asked_every_two_seconds() -> None:
    """When the answer "nothing new" comes at once, the next look is two seconds later."""
    clock = Clock()
    api = FakeApi(news("requested"), unchanged(clock), unchanged(clock), news("running"))
    collected(api, clock.pace())
    assert clock.pauses == [2.0, 2.0]


def test_a_service_that_refuses_the_hold_is_asked_without() -> None:
    """A refusal of the hold is met by the same look without it, and it is not tried again."""
    clock = Clock()

    def refuses(hold: int) -> Look:
        if hold:
            raise WrongUse("This service does not hold requests.")
        return Look(instance=None, etag='"same"')

    api = FakeApi(news("requested"), refuses, refuses, news("running"))
    collected(api, clock.pace())
    assert api.holds == [25, 25, 0, 0]


def test_a_body_that_changes_without_progress_does_not_spin() -> None:
    """When only the countdown moves, looks are still two seconds apart."""
    clock = Clock()
    api = FakeApi(news("requested"), news("requested"), news("requested"), news("running"))
    collected(api, clock.pace())
    assert clock.pauses == [2.0, 2.0]


def test_time_over() -> None:
    """Waiting ends at the time given, not at the end of a pause."""
    clock = Clock()
    with pytest.raises(WaitedTooLong, match="5 s"):
        collected(FakeApi(news("requested"), unchanged(clock)), clock.pace(), timeout=5)
    assert clock.now == pytest.approx(105.0)


def test_a_hold_never_outlasts_the_time() -> None:
    """The service is asked to hold for no longer than is left."""
    clock = Clock()
    api = FakeApi(news("requested"), unchanged(clock, held=True))
    with pytest.raises(WaitedTooLong):
        collected(api, clock.pace(), timeout=30)
    assert api.holds == [25, 25, 5]


def test_a_short_absence_is_waited_out() -> None:
    """A service that restarts or stumbles while we wait does not end the waiting."""
    clock = Clock()
    api = FakeApi(news("requested"), away, unwell, away, news("running"))
    assert collected(api, clock.pace()) == ["requested", "running"]


def test_a_long_absence_is_reported() -> None:
    """A service that stays away for longer than the patience is unreachable."""
    clock = Clock()
    with pytest.raises(Unreachable):
        collected(FakeApi(news("requested"), away), clock.pace(patience=10))
    assert 110 < clock.now < 115


def test_the_first_look_must_succeed() -> None:
    """A service that was never there is reported at once."""
    clock = Clock()
    with pytest.raises(Unreachable):
        collected(FakeApi(away), clock.pace())
    assert clock.pauses == []


def test_an_absence_is_told() -> None:
    """After every look it is known whether the service answered, so that a display can say what is waited for."""
    clock, told = Clock(), list[bool]()
    api = FakeApi(news("requested"), away, unwell, unchanged(clock), news("running"))
    for found in follow(api, ID, timeout=1800, pace=clock.pace(), answering=told.append):
        if found.status == "running":
            break
    assert told == [True, False, False, True, True]


def test_an_absence_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """In plain lines the beginning and the end of an absence are told once each."""
    display = PlainProgress()
    for yes in (True, False, False, True, True):
        display.answering(yes)
    lines = [line.partition("] ")[2] for line in capsys.readouterr().err.splitlines()]
    assert lines == ["waiting for the service to answer", "the service answers again"]


def test_an_absence_on_a_terminal(environment: dict[str, str], service: Service) -> None:
    """The live display says that the service is away, while it is, and goes on."""
    service.add(instance(ID))
    service.plan = [RUNNING]
    busy = Reply(status=503, document={}, headers={"Content-Type": "application/problem+json"})
    original, looks = service.answer, list[Asked]()

    def answer(asked: Asked) -> Reply:
        looks.append(asked)
        return busy if len(looks) == 3 else original(asked)

    service.answer = answer  # type: ignore[method-assign]  # the third look meets a service that is away
    code, screen = on_terminal(environment, "wait", ID)
    assert code == 0
    assert "waiting for the service to answer" in screen
    assert screen.rindex("waiting for the service") < screen.index("SSH command")
