"""SIGKILL to an environment of a function right behind a side effect: a sample; the whole list is in the file named.

`STACK=aws pytest tests/stack/test_gateway_kills.py tests/stack/test_builder_kills.py` walks through all of it.
"""

from __future__ import annotations

from pathlib import Path

from tests.stack.aws.conftest import needs_dynamodb_local
from tests.stack.box import running
from tests.stack.conftest import GuestKey
from tests.stack.life import deaths, live_and_die

SAMPLE = (
    "Instances.write:1",  # the row of the order
    "Servers.create:1",  # the server exists, the row does not know
    "Servers.delete:1",  # the server is gone, the row does not know
)


def test_a_function_dies_behind_its_side_effects(tmp_path: Path, guest_key: GuestKey) -> None:
    """Wherever it dies, what was accepted runs, is extended once and ends with no server left."""
    needs_dynamodb_local()
    with running(tmp_path / "var", ONEBOX_STACK="aws", ONEBOX_KILL_AFTER=",".join(SAMPLE)) as box:
        for _ in SAMPLE:
            live_and_die(box, guest_key)
            if deaths(box) == len(SAMPLE):
                break
        assert deaths(box) == len(SAMPLE)
