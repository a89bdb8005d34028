"""The operator's routes: start a reap run, read what runs looked at, did, skipped and why, and what orphans cost."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from chalice.app import Blueprint, Response

from chalicelib.api.acting import as_operator
from chalicelib.api.address import require_address
from chalicelib.api.auth import require_operator
from chalicelib.api.call import Call
from chalicelib.api.edge import Edge
from chalicelib.api.json_body import json_object
from chalicelib.api.list_cursor import not_ours, sealed, unsealed
from chalicelib.api.moment import rfc3339
from chalicelib.api.reading import read
from chalicelib.api.reply import reply
from chalicelib.api.route import blueprint
from chalicelib.domain import budget
from chalicelib.domain.errors import InvalidInput, NotFound
from chalicelib.domain.orphan_cost import OrphanCost
from chalicelib.operations import list_orphans, request_reap, show_runs
from chalicelib.operations.ports import Run, RunEntry
from chalicelib.operations.services import Services

_Listed = TypeVar("_Listed", covariant=True)  # noqa: PLC0105 -- a private name; what a list answers is covariant
_RUN_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


def operator_blueprint(services: Services, edge: Edge) -> Blueprint:
    """The routes under `/reap`."""
    views = _Operator(services=services)
    routes = {
        ("POST", "/reap"): views.reap,
        ("GET", "/reap/runs"): views.runs,
        ("GET", "/reap/runs/{run}"): views.run,
        ("GET", "/reap/orphans"): views.orphans,
    }
    return blueprint("operator", edge, routes)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Operator:
    services: Services

    def reap(self, call: Call) -> Response:
        """Ask for a reap run; `dry_run` explains only, `confirm` bounds what it may act on."""
        from chalicelib.api.schemas import ReapWish  # noqa: PLC0415 -- brings pydantic, which is slow to import

        services = as_operator(self.services, call)
        require_address(services)
        wish = read(ReapWish, json_object(call, optional=True))
        run = request_reap.request_reap(services, dry_run=wish.dry_run, confirm=wish.confirm)
        where = f"{self.services.public_url}/reap/runs/{run.id}"
        return reply(run_view(run), status=202, headers={"Location": where, "Retry-After": "1"})

    def runs(self, call: Call) -> Response:
        """List reap runs, newest first."""
        require_operator(self.services, call)
        page = _page(self.services, call, show_runs.list_runs)
        runs = [run_view(run) for run in page.runs]
        return reply({"runs": runs, "next_cursor": sealed(self.services, page.next_cursor)})

    def run(self, call: Call) -> Response:
        """Show one reap run."""
        require_operator(self.services, call)
        wanted = call.path.get("run", "")
        if not _RUN_ID.fullmatch(wanted):
            raise NotFound("malformed run id")
        return reply(run_view(show_runs.show_run(self.services, wanted)))

    def orphans(self, call: Call) -> Response:
        """List what servers without a row have cost until sweeps deleted them, newest first."""
        require_operator(self.services, call)
        page = _page(self.services, call, list_orphans.list_orphans)
        costs = [_cost(cost) for cost in page.costs]
        return reply({"orphans": costs, "next_cursor": sealed(self.services, page.next_cursor)})


class _Lists(Protocol[_Listed]):
    def __call__(self, services: Services, *, limit: int, cursor: str | None) -> _Listed: ...


def _page(services: Services, call: Call, lists: _Lists[_Listed]) -> _Listed:
    from chalicelib.api.schemas import RunsQuery  # noqa: PLC0415 -- brings pydantic, which is slow to import

    query = read(RunsQuery, {name: call.parameter(name) for name in call.query})
    try:
        return lists(services, limit=int(query.limit), cursor=unsealed(services, query.cursor))
    except InvalidInput as error:
        raise not_ours() from error


def run_view(run: Run) -> dict[str, Any]:
    """A run as JSON."""
    return {
        "id": run.id,
        "state": run.state.value,
        "dry_run": run.dry_run,
        "confirm": run.confirm,
        "requested_at": rfc3339(run.requested_at),
        "started_at": rfc3339(run.started_at),
        "finished_at": rfc3339(run.finished_at),
        "looked_at": {"rows": run.rows, "servers": run.servers},
        "did": [_entry(each) for each in run.did],
        "skipped": [_entry(each) for each in run.skipped],
        "errors": list(run.errors),
        "frozen": run.frozen,
    }


def _entry(entry: RunEntry) -> dict[str, Any]:
    return {
        "what": entry.what,
        "instance_id": entry.instance_id,
        "server_id": entry.server_id,
        "why": entry.why,
    }


def _cost(cost: OrphanCost) -> dict[str, Any]:
    return {
        "server_id": cost.server_id,
        "instance_id": cost.instance_id,
        "server_type": cost.server_type,
        "location": cost.location,
        "created_at": rfc3339(cost.created_at),
        "deleted_at": rfc3339(cost.until),
        "hours": cost.hours,
        "eur": None if cost.micro_eur is None else str(budget.euros(cost.micro_eur)),
    }
