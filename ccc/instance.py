"""The instance object as the service tells it, read once; absent parts are None, unknown parts stay in `document`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ccc.errors import BadAnswer
from ccc.manage_token import checked_manage_token

WAITING = frozenset({"unconfirmed", "requested", "creating", "installing"})
ENDING = frozenset({"deleting", "deleted"})
OVER = frozenset({"deleted", "failed"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One step of the build: `seconds` it took (None while it goes on), `usual_seconds` it takes.

    Only one in twenty takes longer than `slow_seconds`.
    """

    name: str
    started: bool
    seconds: float | None
    usual_seconds: float | None
    slow_seconds: float | None = None

    def slow(self, passed: float = 0.0) -> bool:
        """Tell whether it takes much longer than usual, so many seconds after the service told of it."""
        return self.slow_seconds is not None and (self.seconds or 0.0) + passed > self.slow_seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """Which try this is, of how many at most, and why it was begun again, where that is told."""

    number: int
    most: int
    begun_again: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """One machine; `document` is the object as served, for `--output json`."""

    id: str
    status: str
    attempt: Attempt | None
    stage: str | None
    step: str | None
    stages: tuple[Stage, ...]
    email: str | None
    ip: str | None
    server_type: str | None
    location: str | None
    ssh_command: str | None
    fingerprint: str | None
    known_hosts: str | None
    expires_at: str | None
    seconds_left: float | None
    note: str | None
    manage_token: str | None = field(repr=False)
    document: dict[str, Any] = field(repr=False)

    @property
    def failure_lines(self) -> tuple[str, ...]:
        """The cause and the hints of a failure, as far as the service tells them (an operator is told more)."""
        failure = self.document.get("failure") or {}
        return tuple(str(failure[key]) for key in ("message", "hint", "operator_hint", "detail") if failure.get(key))


def instance_from(document: dict[str, Any]) -> Instance:
    """Return the instance that `document` describes; raises BadAnswer when it describes none."""
    try:
        return _read(document)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadAnswer(f"The service described an instance in an unknown way ({error!r}).") from error


def _read(document: dict[str, Any]) -> Instance:
    host_key = document.get("host_key") or {}
    return Instance(
        id=str(document["id"]),
        status=str(document["status"]),
        attempt=_attempt(document.get("attempt")),
        stage=_text(document.get("stage")),
        step=_text(document.get("step")),
        stages=tuple(_stage(one) for one in document.get("stages") or ()),
        email=_text(document.get("email")),
        ip=_text(document.get("ip")),
        server_type=_text(document.get("server_type")),
        location=_text(document.get("location")),
        ssh_command=_text(document.get("ssh_command")),
        fingerprint=_text(host_key.get("fingerprint")),
        known_hosts=_text(host_key.get("known_hosts")),
        expires_at=_text(document.get("expires_at")),
        seconds_left=_number(document.get("seconds_left")),
        note=_text(document.get("choice_note") or document.get("note")),
        manage_token=checked_manage_token(document.get("manage_token")),
        document=document,
    )


def _stage(document: dict[str, Any]) -> Stage:
    return Stage(
        name=str(document["name"]),
        started=document.get("started_at") is not None,
        seconds=_number(document.get("seconds")),
        usual_seconds=_number(document.get("usual_seconds")),
        slow_seconds=_number(document.get("slow_seconds")),
    )


def _attempt(document: dict[str, Any] | None) -> Attempt | None:
    if document is None:
        return None
    number, most = int(document["number"]), int(document["most"])
    return Attempt(number=number, most=most, begun_again=_text(document.get("begun_again")))


def _text(value: Any) -> str | None:
    return None if value is None or value == "" else str(value)


def _number(value: Any) -> float | None:
    return None if value is None else float(value)
