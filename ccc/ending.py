"""When and why a machine ends, in words: a future end while it lives, the reason when it does not."""

from __future__ import annotations

from ccc.instance import ENDING, OVER, Instance
from ccc.when import local_and_utc, span

# The service's end reasons; one that is not known here is shown as it is.
REASONS = {
    "expired": "its time was over",
    "released": "ended on request",
    "failed": "it could not be installed",
    "lost": "it disappeared at the server provider",
}


def ending(instance: Instance) -> tuple[str, str] | None:
    """Return a name and a value: `Expires`, `Ending` or `Ended`; None when nothing is known of an end."""
    if instance.status not in ENDING | OVER:
        return ("Expires", _end(instance)) if instance.expires_at else None
    reason = instance.document.get("end_reason")
    known = (_moment(instance, reason), REASONS.get(str(reason), str(reason)) if reason else None)
    words = ", ".join(part for part in known if part)
    return ("Ended" if instance.status in OVER else "Ending", words) if words else None


def _end(instance: Instance) -> str:
    left = f", {span(instance.seconds_left)} left" if instance.seconds_left else ""
    return local_and_utc(instance.expires_at or "") + left


def _moment(instance: Instance, reason: object) -> str | None:
    """Return when it ended, as far as that was told: the planned end counts only for one that reached it."""
    told = instance.document.get("ended_at") or (instance.expires_at if reason == "expired" else None)
    return local_and_utc(str(told)) if told else None
