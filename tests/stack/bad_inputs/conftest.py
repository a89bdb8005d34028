"""One box for each section of the list of bad inputs, so that a clock or a counter that one moves is no other's.

Starting one takes about a second, which is less than what sharing would make complicated. Where a section looks at
instances, it has one that runs, one that is gone and one on its way there.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.stack.bad_inputs.inside import Inside, inside_of
from tests.stack.bad_inputs.owned import Owned, keep_server, order, order_held
from tests.stack.bad_inputs.stranger import Stranger
from tests.stack.box import Box, running
from tests.stack.operators_aws import in_this_process

ORIGIN = "https://forms.example.net"
SETTINGS = {
    "CCC_SIGNUP": "open",
    "CCC_ORIGINS": ORIGIN,
    "CCC_REFUSED_DOMAINS": "refused.example.net",
    # an ARM type and one that is no longer sold, which the operator's list must not make possible
    "CCC_TYPES": "cx23,cpx22,cx33,cpx32,cpx11,cax11,cx22",
    "CCC_LOCATIONS": "nbg1,hel1,fsn1,ash,hil",
    "CCC_MAX_HOURS": "72",
    "CCC_MAX_LIFE_HOURS": "168",
}


@pytest.fixture(scope="module")
def consents() -> set[str]:
    """The ids of wishes that a test has confirmed, as their owner."""
    return set()


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory, consents: set[str]) -> Iterator[Box]:
    """A box where everybody may sign up; afterwards it has bought for its operator and for those who said yes alone."""
    with running(tmp_path_factory.mktemp("bad inputs") / "var", **SETTINGS) as started:
        with in_this_process(started):
            yield started
            inside = inside_of(started)
            bought = {str(server["name"]).removeprefix("cc-") for server in started.bill()}
            assert [each for each in bought - consents if not inside.row(each).by_operator] == []
        assert [line for line in inside.log().splitlines() if "http.failed" in line or "gateway.failed" in line] == []


@pytest.fixture(scope="module")
def inside(box: Box) -> Inside:
    """The services of the box."""
    return inside_of(box)


@pytest.fixture(scope="module")
def stranger(box: Box, inside: Inside) -> Stranger:
    """Somebody without a token."""
    return Stranger(box=box, inside=inside)


@pytest.fixture(scope="module")
def alive(stranger: Stranger) -> Owned:
    """An instance that runs."""
    made = order(stranger)
    stranger.box.until(made.id, "running")
    return made


@pytest.fixture(scope="module")
def gone(stranger: Stranger) -> Owned:
    """An instance that had a server and is gone."""
    made = order_held(stranger)
    assert made.look()["ip"] is not None
    assert made.end().status == 202
    stranger.box.until(made.id, "deleted")
    return made


@pytest.fixture(scope="module")
def ending(stranger: Stranger) -> Owned:
    """An instance that is being deleted, and whose server the provider does not let go."""
    made = order_held(stranger)
    keep_server(stranger, made)
    assert made.end().status == 202
    assert made.look()["status"] == "deleting"
    return made
