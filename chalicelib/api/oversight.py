"""What the operator looks at: the state of everything at one glance, and who changed what."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date
from typing import Any

from chalice.app import Blueprint, Response

from chalicelib.api.auth import require_operator
from chalicelib.api.call import Call
from chalicelib.api.edge import Edge
from chalicelib.api.moment import rfc3339
from chalicelib.api.reading import read
from chalicelib.api.reply import reply
from chalicelib.api.route import blueprint
from chalicelib.api.switches import stack_view
from chalicelib.domain import breaker, budget
from chalicelib.domain.audit import AuditEntry
from chalicelib.domain.errors import InvalidInput
from chalicelib.domain.limits import PROVIDER_REQUESTS_FOR_CREATES, PROVIDER_REQUESTS_PER_HOUR, Limits
from chalicelib.operations import oversee, show_audit
from chalicelib.operations.oversee import Oversight
from chalicelib.operations.services import Services

NEWEST = 200
"""How many entries of the audit are shown."""


def oversight_blueprint(services: Services, edge: Edge) -> Blueprint:
    """The routes under `/operator` that change nothing."""
    views = _Oversight(services=services)
    routes = {("GET", "/operator/state"): views.state, ("GET", "/operator/audit"): views.audit}
    return blueprint("oversight", edge, routes)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Oversight:
    services: Services

    def state(self, call: Call) -> Response:
        """Tell the state of everything."""
        require_operator(self.services, call)
        return reply(state_view(oversee.oversee(self.services), self.services.limits))

    def audit(self, call: Call) -> Response:
        """List who changed what: of one instance, or of one day."""
        from chalicelib.api.schemas import AuditQuery  # noqa: PLC0415 -- brings pydantic, which is slow to import

        require_operator(self.services, call)
        query = read(AuditQuery, {name: call.parameter(name) for name in call.query})
        if query.instance is not None and query.day is not None:
            raise InvalidInput({"day": "give an instance or a day, not both"})
        if query.instance is not None:
            found = show_audit.of_instance(self.services, query.instance, limit=NEWEST)
        else:
            found = show_audit.of_day(self.services, _day(query.day), limit=NEWEST)
        return reply({"entries": [entry_view(each) for each in found]})


def _day(text: str | None) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError as error:
        raise InvalidInput({"day": "is no day of the calendar"}) from error


def entry_view(entry: AuditEntry) -> dict[str, Any]:
    """An entry of the audit as JSON."""
    return {
        "at": rfc3339(entry.at),
        "who": entry.actor.who.value,
        "token": None if entry.actor.token is None else entry.actor.token.value,
        "token_name": entry.actor.name or None,
        "did": entry.did.value,
        "instance_id": entry.instance_id,
        "about": entry.about,
    }


def state_view(seen: Oversight, limits: Limits) -> dict[str, Any]:
    """The state of everything as JSON; money is text in euros."""
    return {
        "now": rfc3339(seen.now),
        "stack": stack_view(seen.stack),
        "breaker": _breaker(seen),
        "failed_builds": _failed_builds(seen),
        "signup": limits.signup.kind.value,
        "live": {"now": seen.live, "most": limits.max_live},
        "creates": {"this_hour": seen.creates, "most": limits.max_creates_per_hour},
        "provider_requests": {
            "this_hour": seen.provider_requests,
            "most": PROVIDER_REQUESTS_PER_HOUR,
            "kept_for_creates": PROVIDER_REQUESTS_FOR_CREATES,
            "resets_at": rfc3339(seen.provider_requests_reset_at),
        },
        "spend": {
            "month": f"{seen.month[:4]}-{seen.month[4:]}",
            "reserved_eur": str(budget.euros(seen.reserved)),
            "cap_eur": str(budget.euros(budget.micro(limits.max_monthly_eur))),
            "so_far_eur": str(budget.euros(seen.so_far)),
            "projected_eur": str(budget.euros(seen.projected)),
        },
        "late": [
            {
                "instance_id": late.instance_id,
                "status": late.status.value,
                "why": late.why,
                "since": rfc3339(late.since),
            }
            for late in seen.late
        ],
        "undelivered": [
            {"instance_id": each.instance_id, "mail": each.kind, "state": each.state} for each in seen.undelivered
        ],
        "more": seen.more,
    }


def _breaker(seen: Oversight) -> dict[str, Any]:
    is_open = seen.breaker_open_until is not None
    return {
        "open_until": rfc3339(seen.breaker_open_until),
        "cause": None if seen.breaker.cause is None else seen.breaker.cause.value,
        "failures_in_a_row": seen.breaker.count,
        "held_back_from": breaker.IN_A_ROW,
        "reason": breaker.reason(seen.breaker) if is_open else None,
    }


def _failed_builds(seen: Oversight) -> dict[str, Any]:
    """How many builds failed within the last day, and for what, the most frequent cause first."""
    found = breaker.failed_builds(seen.breaker, seen.now)
    causes = Counter(each.cause for each in found)
    return {
        "hours": int(breaker.RECENT_FOR.total_seconds()) // 3600,
        "count": len(found),
        "more": len(found) >= breaker.RECENT_MOST,
        "by_cause": dict(causes.most_common()),
        "newest_at": rfc3339(found[-1].at) if found else None,
    }
