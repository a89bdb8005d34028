"""Twenty at once: every order on one box runs, each on a server of its own, and all of them end."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.stack.box import running
from tests.stack.conftest import GuestKey

MANY = 20


def test_twenty_provisions_at_once(tmp_path: Path, guest_key: GuestKey) -> None:
    """Twenty instances ordered at the same moment all run, and all are gone after their end."""
    with running(tmp_path / "var") as box, ThreadPoolExecutor(MANY) as crowd:
        ids = list(crowd.map(lambda _: box.provision(guest_key.public), range(MANY)))
        assert len(set(ids)) == MANY
        for instance_id in ids:
            seen = box.until(instance_id, "running", "failed", seconds=600)
            assert seen["status"] == "running", seen["failure"]
        servers = {server["name"]: server["public_net"]["ipv4"]["ip"] for server in box.servers()}
        assert set(servers) == {f"cc-{instance_id}" for instance_id in ids}
        assert len(set(servers.values())) == MANY
        box.advance_clock("4h")
        for instance_id in ids:
            assert box.until(instance_id, "deleted")["end_reason"] == "expired"
        assert box.servers() == []
