"""The instance object: the one form in which an instance is shown, with the same names in the API and the CLI.

Decides who sees what (address, server id, cost and where to look after a failure are the operator's) and which parts
are null in which status. The field list is interfaces.md's; `answers.py` holds it as a schema.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from chalicelib.api.moment import rfc3339
from chalicelib.api.stages import current_stage, current_step, stages
from chalicelib.domain import budget, cost, lease
from chalicelib.domain.build import MAX_ATTEMPTS, Cause
from chalicelib.domain.explanations import EXPLANATIONS, explanation
from chalicelib.domain.instance import Instance, Status
from chalicelib.domain.ssh_access import fingerprint, known_hosts_line, ssh_command
from chalicelib.domain.tries import tries
from chalicelib.operations.services import Services
from chalicelib.operations.show import Shown


def instance_view(shown: Shown, services: Services, *, operator: bool) -> dict[str, Any]:
    """The object as JSON values; `operator` adds what only the operator sees."""
    now = services.clock.now()
    document = _common(shown, services, now)
    if operator:
        machine = shown.instance.machine
        document["server_id"] = None if machine is None else machine.server_id
        document["email"] = shown.instance.email
        document["failure"] = _failure_for_operator(shown)
        document["cost"] = _cost(shown.instance, now)
    return document


def _common(shown: Shown, services: Services, now: datetime) -> dict[str, Any]:
    instance = shown.instance
    choice, wish = instance.choice, instance.wish
    return {
        "id": instance.id,
        "name": instance.name,
        "status": instance.status.value,
        "attempt": attempt_view(tries(instance), shown.begun_again),
        "stage": current_stage(instance, shown.build),
        "step": current_step(instance, shown.build),
        "stages": stages(shown.build, shown.usual, now),
        "server_type": wish.server_type if choice is None else choice.server_type,
        "location": wish.location if choice is None else choice.location,
        "choice_note": _choice_note(instance, services.limits.types),
        **_reach(instance, services.ssh_port),
        "created_at": rfc3339(instance.created_at),
        "running_at": rfc3339(instance.running_at),
        "expires_at": rfc3339(instance.expires_at),
        "ended_at": rfc3339(instance.ended_at),
        "seconds_left": _seconds_left(instance, now),
        "extension": _extension(instance, services.limits.max_life_hours),
        "failure": _failure(instance),
        "end_reason": None if instance.end_reason is None else instance.end_reason.value,
        "links": links(services.public_url, instance.id),
    }


def attempt_view(number: int, cause: Cause | None) -> dict[str, Any] | None:
    """Which try this is, of how many at most, and why it was begun again; null before the first."""
    if not number:
        return None
    return {"number": number, "most": MAX_ATTEMPTS, "begun_again": cause and EXPLANATIONS[cause].message}


def links(public_url: str, instance_id: str) -> dict[str, str]:
    """Absolute addresses, under the public URL's own prefix."""
    own = f"{public_url}/instances/{instance_id}"
    return {"self": own, "log": f"{own}/log", "extend": f"{own}/extend"}


def _reach(instance: Instance, port: int) -> dict[str, Any]:
    """The address, and once the machine runs the way in; a machine that is gone has neither."""
    machine, key = instance.machine, instance.host_key
    if machine is None or instance.terminal:
        return {"ip": None, "ssh_command": None, "host_key": None}
    if instance.status is not Status.RUNNING or key is None:
        return {"ip": machine.ip, "ssh_command": None, "host_key": None}
    pinned = {"fingerprint": fingerprint(key), "known_hosts": known_hosts_line(machine.ip, port, key)}
    return {"ip": machine.ip, "ssh_command": ssh_command(machine.ip, port), "host_key": pinned}


def _choice_note(instance: Instance, order: tuple[str, ...]) -> str | None:
    choice = instance.choice
    if choice is None or instance.wish.server_type is not None or not order or choice.server_type == order[0]:
        return None
    return f"{order[0]} was not to be had, so this is a {choice.server_type} in {choice.location}."


def _seconds_left(instance: Instance, now: datetime) -> int | None:
    if instance.status is not Status.RUNNING or instance.expires_at is None:
        return None
    return max(int((instance.expires_at - now).total_seconds()), 0)


def _extension(instance: Instance, max_life_hours: int) -> dict[str, int] | None:
    machine, end = instance.machine, instance.expires_at
    if instance.status is not Status.RUNNING or machine is None or end is None:
        return None
    left = lease.hours_left(created_at=machine.created_at, expires_at=end, max_life_hours=max_life_hours)
    return {"hours_left": left}


def _cost(instance: Instance, now: datetime) -> dict[str, str]:
    """Euros with two places: what is billed up to now, and up to the end as it stands."""
    return {
        "so_far_eur": str(budget.euros(cost.so_far(instance, now))),
        "projected_eur": str(budget.euros(cost.projected(instance, now))),
    }


def _failure(instance: Instance) -> dict[str, str] | None:
    failure = instance.failure
    if failure is None:
        return None
    return {"code": failure.code, "message": failure.message, "hint": failure.hint}


def _failure_for_operator(shown: Shown) -> dict[str, str | None] | None:
    """The failure with where to look, and the builder's own words where it had any."""
    told = _failure(shown.instance)
    if told is None:
        return None
    words = explanation(told["code"])
    detail = shown.build.detail if shown.build is not None else ""
    return {**told, "operator_hint": None if words is None else words.operator_hint, "detail": detail or None}
