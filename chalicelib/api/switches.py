"""The operator's switches: new machines off and on, a restored table accepted, an address shut out and let in again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chalice.app import Blueprint, Response

from chalicelib.api.acting import as_operator
from chalicelib.api.call import Call
from chalicelib.api.edge import Edge
from chalicelib.api.email_field import normalise_email
from chalicelib.api.instance_view import instance_view
from chalicelib.api.json_body import json_object
from chalicelib.api.moment import rfc3339
from chalicelib.api.reading import read
from chalicelib.api.reply import reply
from chalicelib.api.route import blueprint
from chalicelib.domain.email import EmailAddress
from chalicelib.operations import accept_restore, admit_owner, deprovision_owner, pause, resume
from chalicelib.operations.ports import StackState
from chalicelib.operations.services import Services
from chalicelib.operations.show import Shown


def switches_blueprint(services: Services, edge: Edge) -> Blueprint:
    """The routes that change the state of the whole service, or of all that one address has."""
    views = _Switches(services=services)
    routes = {
        ("POST", "/operator/pause"): views.pause,
        ("POST", "/operator/resume"): views.resume,
        ("POST", "/operator/accept-restore"): views.accept_restore,
        ("POST", "/owners/deprovision"): views.deprovision_owner,
        ("POST", "/owners/admit"): views.admit_owner,
    }
    return blueprint("switches", edge, routes)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Switches:
    services: Services

    def pause(self, call: Call) -> Response:
        """Switch new machines off."""
        return reply(stack_view(pause.pause(as_operator(self.services, call))))

    def resume(self, call: Call) -> Response:
        """Switch new machines on again, and close the circuit breaker."""
        done = resume.resume(as_operator(self.services, call))
        told = {"was_paused": done.was_paused, "breaker_was_open": done.breaker_was_open}
        return reply({**stack_view(done.stack), **told})

    def accept_restore(self, call: Call) -> Response:
        """Accept a table that was restored from a backup; with `plant_marker`, make a marker that is missing."""
        from chalicelib.api.schemas import RestoreWish  # noqa: PLC0415 -- brings pydantic, which is slow to import

        services = as_operator(self.services, call)
        wish = read(RestoreWish, json_object(call, optional=True))
        accepted = accept_restore.accept_restore(
            services, plant_marker=wish.plant_marker, machines_are_gone=wish.machines_are_gone
        )
        return reply(stack_view(accepted))

    def deprovision_owner(self, call: Call) -> Response:
        """End everything an address has, and shut it out."""
        services = as_operator(self.services, call)
        done = deprovision_owner.deprovision_owner(services, _address(call))
        views = [instance_view(Shown(instance=row, build=None), services, operator=True) for row in done.ended]
        return reply({"ended": views, "newly_excluded": done.newly_excluded})

    def admit_owner(self, call: Call) -> Response:
        """Let an address sign up again."""
        services = as_operator(self.services, call)
        return reply({"was_excluded": admit_owner.admit_owner(services, _address(call))})


def _address(call: Call) -> EmailAddress:
    from chalicelib.api.schemas import OwnerWish  # noqa: PLC0415 -- brings pydantic, which is slow to import

    return normalise_email(read(OwnerWish, json_object(call)).email)


def stack_view(stack: StackState) -> dict[str, Any]:
    """The `stack` item as JSON."""
    return {
        "uuid": stack.uuid,
        "epoch": stack.epoch,
        "paused": stack.paused,
        "frozen": stack.frozen,
        "swept_at": rfc3339(stack.swept_at),
        "marker": {
            "id": stack.marker_id,
            "state": None if stack.marker_state is None else stack.marker_state.value,
            "epoch": stack.marker_epoch,
            "seen_at": rfc3339(stack.marker_seen_at),
        },
    }
