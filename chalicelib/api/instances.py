"""The routes of instances: make one, look, list, extend, end, read the log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from chalice.app import Blueprint, Response

from chalicelib.api.acting import CONFIRMING, acting, as_manager, as_operator
from chalicelib.api.address import require_address, without_address
from chalicelib.api.auth import bearer, instance_id, may_manage, require_operator
from chalicelib.api.call import Call
from chalicelib.api.edge import Edge
from chalicelib.api.etag import etag, matches
from chalicelib.api.idempotency import idempotency_key, required_key
from chalicelib.api.instance_list import instance_list
from chalicelib.api.instance_view import attempt_view, instance_view
from chalicelib.api.json_body import json_object
from chalicelib.api.long_poll import seconds_to_wait, wait_for
from chalicelib.api.moment import rfc3339
from chalicelib.api.reading import read
from chalicelib.api.reply import empty, reply
from chalicelib.api.route import blueprint
from chalicelib.api.signup import accept
from chalicelib.api.wishes import asked, check_hours
from chalicelib.operations import confirm, deprovision, extend, provision, retry, rotate_token, show
from chalicelib.operations.services import Services
from chalicelib.operations.show import Shown
from chalicelib.operations.sign_up import count_request

LOOK_AGAIN = "2"
"""Seconds after which it is worth asking how far a new or ending instance has come."""


def instances_blueprint(services: Services, edge: Edge) -> Blueprint:
    """The routes under `/instances`."""
    views = _Instances(services=services, edge=edge)
    routes = {
        ("POST", "/instances"): views.create,
        ("GET", "/instances"): views.list_all,
        ("GET", "/instances/{id}"): views.look,
        ("DELETE", "/instances/{id}"): views.end,
        ("POST", "/instances/{id}/confirm"): views.confirm,
        ("POST", "/instances/{id}/extend"): views.more_time,
        ("POST", "/instances/{id}/retry"): views.again,
        ("POST", "/instances/{id}/rotate-token"): views.new_token,
        ("GET", "/instances/{id}/log"): views.log,
    }
    return blueprint("instances", edge, routes)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Instances:
    services: Services
    edge: Edge

    def create(self, call: Call) -> Response:
        """Take an operator's order, or a stranger's wish, which is to be confirmed by mail."""
        require_address(self.services)
        if "authorization" in call.headers:
            return self._order(call)
        count_request(self.services, call.source_ip)
        wish = accept(self.services, self.edge, call, json_object(call), idempotency_key(call))
        return self._accepted(self._view(Shown(instance=wish, build=None), operator=False))

    def _order(self, call: Call) -> Response:
        services = as_operator(self.services, call)
        wanted = asked(json_object(call), services.limits)
        made = provision.provision(
            services,
            email=wanted.email,
            ssh_key=wanted.ssh_key,
            wish=wanted.wish,
            idempotency_key=idempotency_key(call),
            request_hash=wanted.hash,
        )
        seen = Shown(instance=made.instance, build=None)
        return self._accepted({**self._view(seen, operator=True), "manage_token": made.manage_token})

    def list_all(self, call: Call) -> Response:
        """List instances, newest first."""
        require_operator(self.services, call)
        return reply(instance_list(self.services, call))

    def look(self, call: Call) -> Response:
        """Show one instance; with `wait`, hold until it has changed."""
        wanted = instance_id(call)
        operator = may_manage(self.services, call, wanted)
        known = call.header("if-none-match")
        seconds = seconds_to_wait(call, self.edge)
        document, tag = wait_for(
            lambda: self._tagged(wanted, operator=operator),
            lambda found: not matches(found[1], known),
            seconds,
            self.edge,
        )
        headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
        return empty(304, headers) if matches(tag, known) else reply(document, headers=headers)

    def end(self, call: Call) -> Response:
        """End an instance; a repeat is harmless. An end waits for no address: without one the links are relative."""
        wanted = instance_id(call)
        operator = may_manage(self.services, call, wanted)
        gone = deprovision.deprovision(as_manager(self.services, call, operator=operator), wanted)
        document = instance_view(Shown(instance=gone, build=None), without_address(self.services), operator=operator)
        return reply(document) if gone.terminal else self._accepted(document)

    def confirm(self, call: Call) -> Response:
        """Confirm a wish with the token of the confirmation mail; a repeat has no effect and says so."""
        require_address(self.services)
        done = confirm.confirm(acting(self.services, CONFIRMING), instance_id(call), bearer(call))
        if done.already:
            return reply({"id": done.instance.id, "already_confirmed": True})
        document = self._view(show.show(self.services, done.instance.id), operator=False)
        return reply({**document, "manage_token": done.manage_token})

    def again(self, call: Call) -> Response:
        """Try a failed instance again, as a new one."""
        require_address(self.services)
        wanted = instance_id(call)
        operator = may_manage(self.services, call, wanted)
        made = retry.retry(as_manager(self.services, call, operator=operator), wanted)
        document = self._view(show.show(self.services, made.instance.id), operator=operator)
        return self._accepted({**document, "manage_token": made.manage_token})

    def new_token(self, call: Call) -> Response:
        """Give an instance a new manage token; the old ones are dead."""
        require_address(self.services)
        wanted = instance_id(call)
        operator = may_manage(self.services, call, wanted)
        rotated = rotate_token.rotate_token(as_manager(self.services, call, operator=operator), wanted)
        document = self._view(show.show(self.services, wanted), operator=operator)
        return reply({**document, "manage_token": rotated.manage_token})

    def more_time(self, call: Call) -> Response:
        """Give a running instance more hours."""
        require_address(self.services)
        wanted = instance_id(call)
        operator = may_manage(self.services, call, wanted)
        key = required_key(call)
        services = as_manager(self.services, call, operator=operator)
        done = extend.extend(services, wanted, hours=self._hours(call), key=key)
        seen = replace(show.show(self.services, wanted), instance=done.instance)
        document = {
            **self._view(seen, operator=operator),
            "old_expires_at": rfc3339(done.extension.old_expires_at),
            "expires_at": rfc3339(done.extension.new_expires_at),
            "hours_left": done.hours_left,
        }
        return reply(document)

    def log(self, call: Call) -> Response:
        """Show the redacted log tail of the newest build."""
        wanted = instance_id(call)
        may_manage(self.services, call, wanted)
        tail = show.log(self.services, wanted)
        return reply({"attempt": attempt_view(tail.number, tail.begun_again), "log": tail.text})

    def _hours(self, call: Call) -> int:
        from chalicelib.api.schemas import MoreHours  # noqa: PLC0415 -- brings pydantic, which is slow to import

        return check_hours(read(MoreHours, json_object(call)).hours, self.services.limits.max_hours)

    def _tagged(self, wanted: str, *, operator: bool) -> tuple[dict[str, Any], str]:
        seen = show.show(self.services, wanted)
        document = self._view(seen, operator=operator)
        return document, etag(document, seen.instance.version, seen.build.version if seen.build else 0)

    def _view(self, shown: Shown, *, operator: bool) -> dict[str, Any]:
        return instance_view(shown, self.services, operator=operator)

    def _accepted(self, document: Mapping[str, Any]) -> Response:
        headers = {"Location": document["links"]["self"], "Retry-After": LOOK_AGAIN}
        return reply(document, status=202, headers=headers)
