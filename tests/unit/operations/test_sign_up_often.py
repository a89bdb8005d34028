"""How often one source may ask, and how often one address is written to."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from chalicelib.domain.errors import StoreUnavailable, TooManyRequests
from chalicelib.domain.instance import Status
from chalicelib.operations.sign_up import count_request
from tests.unit.domain.samples import HOUR, MINUTE
from tests.unit.operations.between import Between, meeting
from tests.unit.operations.guests import HOME, asked, signed_up
from tests.unit.operations.world import World

SECOND = timedelta(seconds=1)
SPELLINGS = ["anna.b@gmail.com", "annab@gmail.com", "a.n.n.a.b@googlemail.com", "ANNAB@gmail.com", "annab+x@gmail.com"]


def test_line_88_five_confirm_mails_a_day_reach_one_mailbox_in_whatever_spelling() -> None:
    """Plus-tags, case and Gmail's dots make no other mailbox; the sixth wish is answered and not mailed (line 88)."""
    world = World()
    for number, address in enumerate([*SPELLINGS, "a.nnab+y@gmail.com", "AnnaB@gmail.com"]):
        row = asked(world, address, source=f"192.0.2.{number}")
        assert (row.status, len(row.notices)) == (Status.UNCONFIRMED, int(number < 5))
    assert world.mails() == ["confirm"] * 5


def test_line_88_another_mailbox_and_another_day_have_their_own_five() -> None:
    """What was written to one address does not count for the next one, nor when a day has passed."""
    world = World()
    for number in range(6):
        asked(world, source=f"192.0.2.{number}")
    asked(world, "berta@example.com")
    world.clock.advance(24 * HOUR)
    asked(world)
    assert len(world.mails()) == 6
    world.clock.advance(4 * HOUR)
    asked(world)
    assert len(world.mails()) == 7


def test_line_88_midnight_brings_no_more() -> None:
    """Five letters just before midnight are followed by none just after it."""
    world = World()
    world.clock.advance(14 * HOUR - SECOND)
    for number in range(12):
        asked(world, source=f"192.0.2.{number}")
        world.clock.advance(SECOND if number == 5 else 0 * SECOND)
    assert world.mails() == ["confirm"] * 5


def test_line_88_two_who_ask_while_the_clock_turns_share_the_day() -> None:
    """A letter that another worker owes in the next part of the day, while this one counts, is not overlooked."""
    world = World()
    world.clock.advance(2 * HOUR - SECOND)
    for number in range(4):
        asked(world, source=f"192.0.2.{number}")

    def somebody_else() -> None:
        world.clock.advance(SECOND)
        asked(world, source="192.0.2.8")

    with meeting(world, instances=Between(world.services.instances, "write", somebody_else)):
        row = asked(world, source="192.0.2.9")
    assert (row.status, row.notices) == (Status.UNCONFIRMED, ())
    assert world.mails() == ["confirm"] * 5


def test_two_who_meet_while_the_clock_turns_both_get_their_letter() -> None:
    """Each holds the other's count still for a moment: whoever is refused for that alone counts anew."""
    world = World()
    world.clock.advance(2 * HOUR - SECOND)

    def somebody_else() -> None:
        world.clock.advance(SECOND)
        asked(world, source="192.0.2.8")

    with meeting(world, instances=Between(world.services.instances, "write", somebody_else)):
        row = asked(world, source="192.0.2.9")
    assert len(row.notices) == 1
    assert world.mails() == ["confirm"] * 2


def test_line_89_the_full_hour_brings_no_more() -> None:
    """Ten wishes in the last second of an hour are followed by none in the next one's first."""
    world = World()
    world.clock.advance(HOUR - SECOND)
    for number in range(10):
        signed_up(world, f"guest{number}@example.com")
    world.clock.advance(SECOND)
    assert _wait(lambda: signed_up(world)) > 3600


def test_a_mail_that_was_not_owed_was_not_counted() -> None:
    """A signup that the store refuses uses up none of the day's five: the mail is counted with its row."""
    world = World()
    for number in range(7):
        failing = Between(world.services.instances, "write", lambda: world.table.fail_next(StoreUnavailable("away")))
        with meeting(world, instances=failing), pytest.raises(StoreUnavailable):
            signed_up(world, source=f"192.0.2.{number}")
    asked(world)
    assert world.mails() == ["confirm"]


def test_line_86_the_eleventh_request_of_a_minute_is_refused() -> None:
    """Ten requests a minute, good or bad; the next minute has ten again (line 86)."""
    world = World()
    world.clock.advance(20 * SECOND)
    for _ in range(10):
        count_request(world.services, HOME)
    assert _wait(lambda: count_request(world.services, HOME)) == 40
    world.clock.advance(39 * SECOND)
    assert _wait(lambda: count_request(world.services, HOME)) == 1
    world.clock.advance(SECOND)
    for _ in range(10):
        count_request(world.services, HOME)


def test_line_89_the_eleventh_signup_of_an_hour_is_refused() -> None:
    """Ten wishes in any hour from one source, whatever their addresses; when they have left it, ten again (line 89)."""
    world = World()
    world.clock.advance(15 * MINUTE)
    for number in range(10):
        signed_up(world, f"guest{number}@example.com")
    before = world.table.contents()
    assert _wait(lambda: signed_up(world)) == 70 * 60
    assert world.table.contents() == before
    world.clock.advance(70 * MINUTE - SECOND)
    assert _wait(lambda: signed_up(world)) == 1
    world.clock.advance(SECOND)
    assert signed_up(world).status is Status.UNCONFIRMED


@pytest.mark.parametrize("passed", [0, 1, 1799, 3599])
def test_the_wait_that_is_told_lies_within_the_window(passed: int) -> None:
    """At every second of the hour the wait is little more than an hour, and after it a wish is taken."""
    world = World(per_source=1)
    world.clock.advance(passed * SECOND)
    signed_up(world)
    wait = _wait(lambda: signed_up(world))
    assert 3600 < wait <= 3600 + 10 * 60
    world.clock.advance((wait - 1) * SECOND)
    assert _wait(lambda: signed_up(world)) == 1
    world.clock.advance(SECOND)
    assert signed_up(world).status is Status.UNCONFIRMED


@pytest.mark.parametrize(
    "sources",
    [("2001:db8:1:2::1", "2001:db8:1:2:a:b:c:d"), ("192.0.2.7", "::ffff:192.0.2.7"), ("", ""), ("no address",) * 2],
)
def test_line_86_one_source_cannot_pass_for_two(sources: tuple[str, str]) -> None:
    """A /64 is one source, a mapped address is the IPv4 address, and a gateway without any counts as one (line 86)."""
    world = World(per_source=1)
    count_request(world.services, sources[0])
    with pytest.raises(TooManyRequests):
        count_request(world.services, sources[1])


def test_sources_do_not_use_up_each_others_requests() -> None:
    """A neighbour in the next /64, or with another IPv4 address, may still ask."""
    world = World(per_source=1)
    for source in ("2001:db8:1:2::1", "2001:db8:1:3::1", "192.0.2.7", "192.0.2.8"):
        count_request(world.services, source)
        signed_up(world, source=source)


def test_requests_and_signups_are_counted_apart() -> None:
    """A wish that is taken uses one of the hour's; a request that comes to nothing does not."""
    world = World(per_source=1)
    count_request(world.services, HOME)
    assert signed_up(world).status is Status.UNCONFIRMED


def test_i29_the_counters_of_sources_and_mails_go_by_themselves() -> None:
    """Three days later no counter of sources or mails is left (invariant 29)."""
    world = World()
    count_request(world.services, HOME)
    asked(world)
    assert [key for key in world.table.contents() if key.startswith("rate#")]
    world.table.purge(int((world.clock.now() + 72 * HOUR).timestamp()))
    assert not [key for key in world.table.contents() if key.startswith("rate#")]


def _wait(act: Callable[[], object]) -> int:
    """The seconds that a refusal tells the caller to wait."""
    with pytest.raises(TooManyRequests) as caught:
        act()
    wait: int = caught.value.data["retry_after"]
    return wait
