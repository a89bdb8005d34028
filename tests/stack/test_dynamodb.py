"""The cloud's store on one box: the main job with `CCC_STORE=dynamodb://` on AWS's DynamoDB Local."""

from __future__ import annotations

from pathlib import Path

from onebox import dynamodb_local
from tests.missing import without
from tests.stack.box import CHECKOUT, Box
from tests.stack.conftest import GuestKey


def test_main_job_on_dynamodb(tmp_path: Path, guest_key: GuestKey) -> None:
    """Order, run, extend, SIGKILL of everything, delete: with DynamoDB Local as the store, and its rows survive."""
    why = dynamodb_local.missing(CHECKOUT / dynamodb_local.DIRECTORY)
    if why:
        without(why)
    box = Box(tmp_path / "var", CCC_STORE="dynamodb://ccc-test")
    box.start()
    try:
        instance_id = box.provision(guest_key.public)
        before = box.until(instance_id, "running")["expires_at"]
        status, extended = box.call("POST", f"/instances/{instance_id}/extend", {"hours": 1}, Idempotency_Key="once")
        assert status == 200, extended
        assert extended["expires_at"] > before
        box.kill()
        box.start()
        assert box.show(instance_id)["expires_at"] == extended["expires_at"]
        box.advance_clock("5h")
        assert box.until(instance_id, "deleted")["end_reason"] == "expired"
        assert box.servers() == []
    finally:
        if box.running:
            box.stop()
