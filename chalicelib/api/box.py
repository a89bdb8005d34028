"""The routes that a machine calls with the token of its record: its end, and more time where that is offered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chalice.app import Blueprint, Response

from chalicelib.api.acting import BOX, acting
from chalicelib.api.auth import bearer, instance_id
from chalicelib.api.call import Call
from chalicelib.api.edge import Edge
from chalicelib.api.idempotency import required_key
from chalicelib.api.json_body import json_object
from chalicelib.api.moment import rfc3339
from chalicelib.api.reading import read
from chalicelib.api.reply import reply
from chalicelib.api.route import blueprint
from chalicelib.api.wishes import check_hours
from chalicelib.operations import box
from chalicelib.operations.services import Services


def box_blueprint(services: Services, edge: Edge) -> Blueprint:
    """The routes under `/instances/{id}/box`."""
    views = _Box(services=services)
    routes = {
        ("GET", "/instances/{id}/box"): views.time,
        ("POST", "/instances/{id}/box/extend"): views.more_time,
    }
    return blueprint("box", edge, routes)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Box:
    services: Services

    def time(self, call: Call) -> Response:
        """Tell a machine when it ends."""
        return reply(_view(box.show_time(self.services, instance_id(call), token=bearer(call))))

    def more_time(self, call: Call) -> Response:
        """Give a machine more hours at its own wish, where the operator allows it."""
        from chalicelib.api.schemas import MoreHours  # noqa: PLC0415 -- brings pydantic, which is slow to import

        wanted, token, key = instance_id(call), bearer(call), required_key(call)
        hours = check_hours(read(MoreHours, json_object(call)).hours, self.services.limits.max_hours)
        return reply(_view(box.extend(acting(self.services, BOX), wanted, token=token, hours=hours, key=key)))


def _view(time: box.BoxTime) -> dict[str, Any]:
    return {"expires_at": rfc3339(time.expires_at), "hours_left": time.hours_left}
