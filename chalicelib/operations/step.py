"""What one step of work gives back: a change of the row, and whether more can be done at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from chalicelib.domain import lifecycle, notice
from chalicelib.domain.build import Cause
from chalicelib.domain.explanations import EXPLANATIONS
from chalicelib.domain.instance import EndReason, Failure, Instance, Status

Change = Callable[[Instance], Instance]


def unchanged(instance: Instance) -> Instance:
    """No change."""
    return instance


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """The outcome of one side effect.

    `change` is recorded if the status and the lease are still the same. `late` is what is worth knowing even if the
    status has moved on meanwhile (the machine that a create made). With `again` the next step follows at once;
    `then` is a step that follows only if this one was recorded. With `let_go` the row is put back as it was found.
    """

    change: Change = unchanged
    late: Change | None = None
    again: bool = False
    then: Callable[[Instance], Step] | None = None
    let_go: bool = False


def wait(until: datetime) -> Step:
    """Nothing more before that moment."""
    return Step(change=lambda row: replace(row, retry_at=until))


def begin_deleting(instance: Instance, reason: EndReason, now: datetime, failure: Failure | None = None) -> Instance:
    """The instance on its way out; what was still to be said of a living machine is not said any more.

    What is released before it ever ran was called off: the row then says so, whoever wished it and however far it was.
    """
    stale = (notice.Kind.READY, notice.Kind.ENDING, notice.Kind.EXTENDED)
    if reason is EndReason.RELEASED and instance.running_at is None:
        failure = explain(Cause.REVOKED)
    return lifecycle.move(
        instance,
        Status.DELETING,
        now,
        end_reason=reason,
        failure=failure,
        notices=notice.drop(instance.notices, *stale),
    )


def explain(cause: Cause) -> Failure:
    """The failure of a cause, in words."""
    words = EXPLANATIONS[cause]
    return Failure(code=cause, message=words.message, hint=words.hint)


def fail(cause: Cause, now: datetime) -> Step:
    """The instance cannot be had: it is deleted, and `failed` is what remains."""
    failure = explain(cause)
    return Step(change=lambda row: begin_deleting(row, EndReason.FAILED, now, failure), again=True)
