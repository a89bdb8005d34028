"""The service with what guests may do: sign up without a token, confirm by mail, manage their own machine.

Confirm and manage tokens are kept by instance id; `confirm_link` is what the mail would hold.
"""

from __future__ import annotations

import secrets
from typing import Any

from tests.unit.ccc.service import Asked, Reply, Service, instance, problem

SIGNED_UP = "aaaabbbbcccc"
RETRIED = "ddddeeeeffff"


def fresh_token(purpose: str) -> str:
    """Return a token of the service's form, made up now."""
    return f"ccc_{purpose}_{secrets.token_urlsafe(32)}"


class GuestService(Service):
    """A service that lets strangers in, as long as `signup_open`."""

    def __init__(self) -> None:
        super().__init__()
        self.signup_open = True
        self.confirm_tokens: dict[str, str] = {}
        self.manage_tokens: dict[str, str] = {}

    def add_owned(self, document: dict[str, Any]) -> str:
        """Put a guest's instance into the table and return its manage token."""
        self.add(document)
        self.manage_tokens[document["id"]] = fresh_token("manage")
        return self.manage_tokens[document["id"]]

    def signed_up(self) -> str:
        """Put an unconfirmed instance into the table and return its confirm token."""
        self.add(_without_address(instance(SIGNED_UP, status="unconfirmed", stage=None)))
        self.confirm_tokens[SIGNED_UP] = fresh_token("confirm")
        return self.confirm_tokens[SIGNED_UP]

    def confirm_link(self) -> str:
        """Sign up and return the link of the confirmation mail."""
        return f"{self.url}/confirm/{SIGNED_UP}/{self.signed_up()}"

    def page(self, instance_id: str) -> str:
        """Return the link of the machine's page."""
        return f"{self.url}/i/{instance_id}#{self.manage_tokens[instance_id]}"

    def _routed(self, asked: Asked) -> Reply:
        match [asked.method, *asked.path.strip("/").split("/")]:
            case ["POST", "instances", instance_id, "retry"] if instance_id in self.instances:
                return self._retry(self.instances[instance_id])
            case ["POST", "instances", instance_id, "rotate-token"] if instance_id in self.instances:
                self.manage_tokens[instance_id] = fresh_token("manage")
                return Reply(status=200, document=self._with_token(instance_id))
            case _:
                return super()._routed(asked)

    def _guest(self, asked: Asked, bearer: str) -> Reply | None:
        """Return the answer to a caller without the operator's token; None when the token opens what is asked for."""
        match [asked.method, *asked.path.strip("/").split("/")]:
            case ["POST", "instances"] if not bearer:
                return self._sign_up()
            case ["POST", "instances", instance_id, "confirm"] if self.confirm_tokens.get(instance_id) == bearer:
                return self._confirm(instance_id)
            case [_, "instances", instance_id, *_] if self.manage_tokens.get(instance_id) == bearer:
                return None
            case [_, "instances", _, *_] if bearer:
                return problem(404, "not_found", "There is no such thing here, or it is not yours.")
            case _:
                return problem(401, "unauthorized", "A token is needed.")

    def _sign_up(self) -> Reply:
        if not self.signup_open:
            return problem(403, "signup_closed", "Strangers may not sign up here.")
        self.signed_up()
        return Reply(status=202, document=self.instances[SIGNED_UP])

    def _confirm(self, instance_id: str) -> Reply:
        known = self.instances[instance_id]
        if known["status"] != "unconfirmed":
            return Reply(status=200, document={"id": instance_id, "already_confirmed": True})
        known.update(status="requested", stage="queued")
        self.manage_tokens[instance_id] = fresh_token("manage")
        return Reply(status=200, document=self._with_token(instance_id))

    def _retry(self, failed: dict[str, Any]) -> Reply:
        if failed["status"] != "failed":
            return problem(409, "not_failed", "Only what has failed can be tried again.")
        self.add_owned(_without_address(instance(RETRIED)))
        return Reply(status=202, document=self._with_token(RETRIED))

    def _with_token(self, instance_id: str) -> dict[str, Any]:
        return {**self.instances[instance_id], "manage_token": self.manage_tokens[instance_id]}


def _without_address(document: dict[str, Any]) -> dict[str, Any]:
    """Return the object as a guest sees it."""
    return {name: value for name, value in document.items() if name not in {"email", "cost", "server_id"}}
