"""Why something was deleted, or was not: of an instance or of a server, for operators."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chalice.app import Blueprint, Response

from chalicelib.api.auth import require_operator
from chalicelib.api.call import Call
from chalicelib.api.edge import Edge
from chalicelib.api.moment import rfc3339
from chalicelib.api.oversight import entry_view
from chalicelib.api.reading import read
from chalicelib.api.reply import reply
from chalicelib.api.route import blueprint
from chalicelib.domain.errors import InvalidInput
from chalicelib.domain.instance import Instance
from chalicelib.operations import why
from chalicelib.operations.services import Services


def why_blueprint(services: Services, edge: Edge) -> Blueprint:
    """The one route that explains."""
    return blueprint("why", edge, {("GET", "/operator/why"): _Why(services=services).why})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Why:
    services: Services

    def why(self, call: Call) -> Response:
        """Explain one instance or one server."""
        from chalicelib.api.schemas import WhyQuery  # noqa: PLC0415 -- brings pydantic, which is slow to import

        require_operator(self.services, call)
        query = read(WhyQuery, {name: call.parameter(name) for name in call.query})
        if (query.instance is None) == (query.server is None):
            raise InvalidInput({"server": "give an instance or a server, one of the two"})
        if query.instance is not None:
            return reply(why_view(why.of_instance(self.services, query.instance)))
        return reply(why_view(why.of_server(self.services, int(query.server or 0))))


def why_view(found: why.Why) -> dict[str, Any]:
    """An explanation as JSON."""
    return {
        "answer": found.answer,
        "instance": None if found.instance is None else _instance_view(found.instance),
        "told": [
            {
                "what": each.entry.what,
                "why": each.entry.why,
                "instance_id": each.entry.instance_id,
                "server_id": each.entry.server_id,
                "first_at": rfc3339(each.first),
                "last_at": rfc3339(each.last),
                "times": each.times,
                "run": each.run_id,
            }
            for each in found.told
        ],
        "audit": [entry_view(each) for each in found.audit],
        "looked_at": {"runs": found.runs, "since": rfc3339(found.since)},
    }


def _instance_view(row: Instance) -> dict[str, Any]:
    """What of a row has to do with its end."""
    return {
        "id": row.id,
        "status": row.status.value,
        "server_id": None if row.machine is None else row.machine.server_id,
        "expires_at": rfc3339(row.expires_at),
        "ended_at": rfc3339(row.ended_at),
        "end_reason": None if row.end_reason is None else row.end_reason.value,
        "failure": None if row.failure is None else row.failure.code,
    }
