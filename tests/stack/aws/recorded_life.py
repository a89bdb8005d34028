"""One guest's life in which one function does all the work: the worker, or the tick or the reaper in its place.

A lost nudge leaves everything to the tick, and a tick that never comes leaves it to the reaper: so each of the three
must be able to do whatever a row needs.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from onebox.aws.feedback import feedback_event
from tests.letters import read
from tests.stack.aws.recorded_stack import NOBODY, Recorded
from tests.stack.guest import confirm_link

WORKERS = ("advance", "tick", "reap")
MINUTE = 61
MOST_TURNS = 40
NOBODYS = "0" * 12
"""The id of no instance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """`worker` does all that the API leaves to be done."""

    stack: Recorded
    worker: str
    public_key: str

    def live(self) -> None:
        """Signed up, confirmed, bought, claimed, given back while it is installed, and gone; then a stray server."""
        instance_id, manage = self._signed_up()
        self._turn(instance_id, lambda: bool(self._builders(instance_id)))
        self._turn(instance_id, lambda: self._claimed(instance_id))
        assert self._status(instance_id) == "installing"
        self._turn(instance_id)  # looks at the build
        assert self.stack.ask("DELETE", f"/instances/{instance_id}", token=manage)[0] == 202
        self._turn(instance_id, lambda: self._status(instance_id) == "deleted")
        assert self.stack.provider("GET", "/servers", {})["servers"] == []
        self._stray()

    def _signed_up(self) -> tuple[str, str]:
        """A confirmed instance: its id and its owner's token."""
        address, before = f"{secrets.token_hex(4)}@example.com", len(self.stack.stand_ins.letters)
        status, signed = self.stack.ask(
            "POST", "/instances", {"email": address, "ssh_public_key": self.public_key, "hours": 1}, token=NOBODY
        )
        assert status == 202, signed
        self._turn(None, lambda: len(self.stack.stand_ins.letters) > before)
        instance_id, token = confirm_link(read(self.stack.stand_ins.letters[-1]))
        status, confirmed = self.stack.ask("POST", f"/instances/{instance_id}/confirm", token=token)
        assert status in {200, 202}, confirmed
        return instance_id, confirmed["manage_token"]

    def _turn(self, instance_id: str | None, until: Callable[[], bool] = lambda: True) -> None:
        """Let the worker work until something is so, a minute after the other; at least once."""
        for _ in range(MOST_TURNS):
            self._work(instance_id)
            if until():
                return
            self.stack.wait(MINUTE)
        raise AssertionError(f"{self.worker} does not get on with {instance_id}: {self._status(instance_id)}")

    def _work(self, instance_id: str | None) -> None:
        events, self.stack.stand_ins.events[:] = list(self.stack.stand_ins.events), []
        if self.worker != "advance":
            self.stack.scheduled(self.worker)
            return
        for event in events or [{"advance": instance_id}]:
            self.stack.functions["advance"].call("advance", event)

    def _status(self, instance_id: str | None) -> str:
        return str(self.stack.ask("GET", f"/instances/{instance_id}")[1].get("status"))

    def _builders(self, instance_id: str) -> list[dict[str, str]]:
        return [each for each in self.stack.stand_ins.given() if each["CCC_INSTANCE_ID"] == instance_id]

    def _claimed(self, instance_id: str) -> bool:
        """Whether the newest builder has got its order; it asks once, as a builder does every second."""
        given = self._builders(instance_id)[-1]
        path = f"/builds/{instance_id}/{given['CCC_ATTEMPT']}/claim"
        status, answer = self.stack.ask("POST", path, {"nonce": "0" * 32}, token=given["CCC_CLAIM_CODE"])
        assert status in {200, 425}, answer
        return status == 200

    def _stray(self) -> None:
        """A server of ours without a row is seen, somebody deletes it at the provider, and it is forgotten."""
        self.stack.provider("POST", "/servers", self._labelled())
        (server,) = self.stack.provider("GET", "/servers", {})["servers"]
        self.stack.wait(40 * MINUTE)
        self._sweep()
        self.stack.provider("DELETE", f"/servers/{server['id']}", {})
        self.stack.wait(40 * MINUTE)
        self._sweep()

    def _labelled(self) -> dict[str, Any]:
        (marker,) = [each["name"] for each in self.stack.provider("GET", "/ssh_keys", {})["ssh_keys"]]
        nobody = secrets.token_hex(6)
        labels = {"managed-by": "ccc", "ccc-stack": marker.removeprefix("ccc-stack-"), "ccc-instance": nobody}
        kind = {"server_type": "cpx22", "image": "ubuntu-24.04", "location": "nbg1"}
        return {"name": f"cc-{nobody}", "labels": labels, **kind}

    def _sweep(self) -> None:
        if self.worker == "advance":
            assert self.stack.ask("POST", "/reap", {})[0] == 202
        self._work(None)


def looked_at(stack: Recorded) -> None:
    """What operators ask of the API beside orders, and a bounce of which SES tells."""
    for path in ("/instances", "/operator/state", "/reap/runs", "/operator/audit", "/types", "/health/ready"):
        assert stack.ask("GET", path)[0] == 200, path
    assert stack.ask("GET", f"/operator/audit?instance={NOBODYS}")[1] == {"entries": []}
    assert stack.ask("POST", "/owners/deprovision", {"email": "gone@example.com"})[0] == 200
    event = feedback_event("bounce", ["gone@example.com"], {"ccc-instance": NOBODYS, "ccc-notice": "confirm"})
    stack.functions["mail-feedback"].call("mail_feedback", event)
