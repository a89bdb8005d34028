"""A crowd of invented addresses: it uses up nothing, stands in nobody's way, and a month later it was never there."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from tests.stack.box import STACK, Box
from tests.stack.conftest import GuestKey
from tests.stack.guest import Guest, until
from tests.stack.rows import counters, let_ttl_pass, of_guests, whole_file
from tests.stack.visitor import Answer, Visitor, new_source

MANY = 300 if STACK == "onebox" else 100
"""In the cloud on this machine, one tick has to forget them all before the clock's mover gets an answer."""

SOURCES = 50
THREADS = 4
RATES = ("request", "signup", "confirm", "exists")
DOMAIN = "invented.example.net"
NAMELESS = ("build#", "audit#")


def test_a_crowd_of_invented_addresses(box: Box, guest_key: GuestKey) -> None:
    """Many signups reserve nothing; whoever signs up after them is served; a month later nothing is left of them."""
    visitors = [Visitor(box=box, source=new_source()) for _ in range(SOURCES)]
    with ThreadPoolExecutor(THREADS) as crowd:
        answers = list(crowd.map(lambda number: _signs_up(visitors[number % SOURCES], number, guest_key), range(MANY)))
    assert {answer.status for answer in answers} == {202}
    assert len({answer.json["id"] for answer in answers}) == MANY
    until(lambda: len(box.letters()) == MANY, "each is written to once")
    _nothing_is_used_up(box)
    _anybody_is_served(box, guest_key)
    box.advance_clock("25h")
    let_ttl_pass(box)
    until(lambda: DOMAIN not in str(of_guests(box)), "a wish is forgotten after 24 hours")
    box.advance_clock("31d")
    let_ttl_pass(box)
    until(lambda: of_guests(box).keys() == _machines(box), f"left: {of_guests(box).keys()}")
    box.advance_clock("8d")
    let_ttl_pass(box)
    until(lambda: not _counted(box), f"left: {_counted(box)}")
    assert box.stop() == 0
    assert DOMAIN not in whole_file(box)


def _signs_up(visitor: Visitor, number: int, key: GuestKey) -> Answer:
    guest = Guest(box=visitor.box, address=f"nobody-{number}@{DOMAIN}", public_key=key.public, visitor=visitor)
    return guest.sign_up(hours=72)


def _nothing_is_used_up(box: Box) -> None:
    used = {key: value for key, value in counters(box).items() if value and not key.startswith("rate#")}
    assert used == {}
    assert box.servers() == []
    wishes = {key for key in of_guests(box) if not key.startswith(NAMELESS)}
    assert len(wishes) == str(of_guests(box)).count(DOMAIN) == MANY


def _anybody_is_served(box: Box, guest_key: GuestKey) -> None:
    """Whoever comes after the crowd gets a machine, and ends it."""
    guest = Guest(box=box, address="late@example.com", public_key=guest_key.public, visitor=Visitor(box=box))
    assert guest.sign_up().status == 202
    instance_id, token = guest.follow()
    box.until(instance_id, "installing", "running")
    guest.end(instance_id, token)


def _machines(box: Box) -> set[str]:
    """What is kept longer: the records of builds and of who did what, in which nobody is named."""
    return {key for key in of_guests(box) if key.startswith(NAMELESS)}


def _counted(box: Box) -> set[str]:
    """The counters of people and of where they called from."""
    return {key for key in counters(box) if key.startswith(("quota#", *(f"rate#{what}" for what in RATES)))}
