"""Whether the service lives, and whether what it depends on answers. Needs no token and tells no secret."""

from __future__ import annotations

from dataclasses import dataclass

from chalice.app import Blueprint, Response

from chalicelib.api.call import Call
from chalicelib.api.edge import Edge
from chalicelib.api.errors import problem
from chalicelib.api.reply import reply
from chalicelib.api.route import blueprint
from chalicelib.operations import check_health
from chalicelib.operations.services import Services

OK = "ok"


def health_blueprint(services: Services, edge: Edge) -> Blueprint:
    """The routes under `/health`."""
    views = _Health(services=services)
    routes = {("GET", "/health"): views.alive, ("GET", "/health/ready"): views.ready}
    return blueprint("health", edge, routes)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Health:
    services: Services

    def alive(self, _: Call) -> Response:
        """Say that the service answers."""
        return reply({"status": OK})

    def ready(self, call: Call) -> Response:
        """Check the dependencies; 503 names the ones that fail."""
        checks = check_health.check_health(self.services)
        failing = sorted(name for name, state in checks.items() if state != OK)
        if not failing:
            return reply({"status": OK, "checks": checks})
        detail = f"Not ready: {', '.join(failing)}."
        headers = {"Retry-After": "5"}
        return problem(503, "not_ready", detail, call.request_id, checks=checks, headers=headers)
