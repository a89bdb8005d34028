"""Waiting for a change: held until there is one or the time is over, and only where there is a thread to spare."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from tests.unit.api.world import ID, Api, make_api


@dataclass(slots=True)
class Waiting:
    """A watch that moves by the pauses taken; after `changes_after` of them something happens."""

    seconds: float = 0.0
    pauses: int = 0
    changes_after: int = -1
    happens: Callable[[], object] = field(default=lambda: None)

    def pause(self, seconds: float) -> None:
        """Let the time pass."""
        self.seconds += seconds
        self.pauses += 1
        if self.pauses == self.changes_after:
            self.happens()

    def monotonic(self) -> float:
        """Seconds."""
        return self.seconds


def waiting_api(longest: int = 25) -> tuple[Api, Waiting]:
    """An API whose waiting takes no time, with a running instance."""
    watch = Waiting()
    api = make_api(edge={"long_poll_seconds": longest, "pause": watch.pause, "monotonic": watch.monotonic})
    api.put()
    return api, watch


def tag(api: Api) -> dict[str, str]:
    """The header of a caller who knows the present state."""
    return {"If-None-Match": api.call("GET", f"/instances/{ID}").headers["etag"]}


def test_a_change_ends_the_waiting() -> None:
    """The answer comes with the new state as soon as there is one."""
    api, watch = waiting_api()
    known = tag(api)
    watch.changes_after = 3
    watch.happens = lambda: api.call("DELETE", f"/instances/{ID}")
    answer = api.call("GET", f"/instances/{ID}?wait=20", headers=known)
    assert (answer.status, answer.json["status"], watch.pauses) == (200, "deleting", 3)
    assert watch.seconds < 1


def test_without_a_change_it_is_304_after_the_time() -> None:
    """A caller who waits in vain is told that nothing has changed, after the seconds asked for."""
    api, watch = waiting_api()
    answer = api.call("GET", f"/instances/{ID}?wait=5", headers=tag(api))
    assert answer.status == 304
    assert 5 <= watch.seconds < 5.5


def test_nobody_is_held_longer_than_the_setting() -> None:
    """A wish for an hour is cut to the operator's limit."""
    api, watch = waiting_api(longest=2)
    assert api.call("GET", f"/instances/{ID}?wait=3600", headers=tag(api)).status == 304
    assert watch.seconds < 2.5


def test_who_knows_nothing_is_not_held() -> None:
    """Without a known tag there is nothing to wait for."""
    api, watch = waiting_api()
    assert api.call("GET", f"/instances/{ID}?wait=20").status == 200
    assert watch.pauses == 0


def test_where_it_is_switched_off_the_answer_comes_at_once() -> None:
    """In the cloud `wait` is passed over: the caller polls with the tag."""
    api, watch = waiting_api(longest=0)
    assert api.call("GET", f"/instances/{ID}?wait=20", headers=tag(api)).status == 304
    assert watch.pauses == 0


@pytest.mark.parametrize("wait", ["x", "-1", "1.5", "", "9999999"])
def test_a_bad_wait_is_refused(wait: str) -> None:
    """A waiting time that is no whole number of seconds is 422."""
    api, _ = waiting_api()
    answer = api.call("GET", f"/instances/{ID}?wait={wait}")
    assert (answer.status, set(answer.json["errors"])) == (422, {"wait"})
