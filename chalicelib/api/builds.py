"""The builder's two routes: claim an order once, and report what happens.

The claim code and the build token are the builder's own; an unknown id, another attempt's token and a wrong one end
in the same 404, which the verbs decide.
"""

from __future__ import annotations

from dataclasses import dataclass

from chalice.app import Blueprint, Response

from chalicelib.api.acting import BUILDING, CLAIMING, acting
from chalicelib.api.auth import attempt, bearer, instance_id
from chalicelib.api.call import Call
from chalicelib.api.edge import Edge
from chalicelib.api.json_body import json_object
from chalicelib.api.printable import printable
from chalicelib.api.reading import read
from chalicelib.api.reply import reply
from chalicelib.api.route import blueprint
from chalicelib.domain.build import LOG_TAIL_CHARS, STEP_CHARS, BuildReport
from chalicelib.operations import claim_build, record_build
from chalicelib.operations.services import Services

DETAIL_CHARS = 500


def builds_blueprint(services: Services, edge: Edge) -> Blueprint:
    """The routes under `/builds`."""
    views = _Builds(services=services)
    routes = {
        ("POST", "/builds/{id}/{attempt}/claim"): views.claim,
        ("POST", "/builds/{id}/{attempt}/reports"): views.report,
    }
    return blueprint("builds", edge, routes)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Builds:
    services: Services

    def claim(self, call: Call) -> Response:
        """Claim the order of a build attempt; 425 until the server's address is known."""
        from chalicelib.api.schemas import Claim  # noqa: PLC0415 -- brings pydantic, which is slow to import

        wanted, number, code = instance_id(call), attempt(call), bearer(call)
        nonce = read(Claim, json_object(call)).nonce
        services = acting(self.services, CLAIMING)
        order = claim_build.claim_build(services, wanted, attempt=number, claim_code=code, nonce=nonce)
        return reply(order.as_json())

    def report(self, call: Call) -> Response:
        """Report a phase (which also asks to begin it) or the outcome of a build attempt."""
        wanted, number, token = instance_id(call), attempt(call), bearer(call)
        services = acting(self.services, BUILDING)
        record_build.record_build(services, wanted, attempt=number, build_token=token, report=_report(call))
        return reply({})


def _report(call: Call) -> BuildReport:
    from chalicelib.api.schemas import Report  # noqa: PLC0415 -- brings pydantic, which is slow to import

    said = read(Report, json_object(call))
    return BuildReport(
        phase=said.phase,
        outcome=said.outcome,
        cause=said.cause,
        detail=printable(said.detail, DETAIL_CHARS),
        log_tail=printable(said.log_tail, LOG_TAIL_CHARS),
        step=printable(said.step, STEP_CHARS),
    )
