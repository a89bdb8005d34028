"""One box for each section of the list of bad inputs, so that a clock or a counter that one moves is no other's.

Starting one takes about a second, which is less than what sharing would make complicated.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.stack.bad_inputs.inside import Inside, inside_of
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
