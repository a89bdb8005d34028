"""What the template of each kind of letter may name, and nothing more.

A kind whose letter carries no link is not given the token at all, so no template can leak it. Nothing a guest typed is
here but the wish, which holds names of the operator's own lists. How it reads is the templates' matter.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.domain import lease, lifecycle
from chalicelib.domain.instance import EndReason, Failure, Instance
from chalicelib.domain.notice import Kind, Notice
from chalicelib.domain.ssh_access import fingerprint
from chalicelib.domain.tries import tries
from chalicelib.web import words
from chalicelib.web.letters.spoken_end import spoken_end
from chalicelib.web.letters.warnings_ahead import promised, warnings_ahead
from chalicelib.web.ssh_access import ssh_access

ALMOST = timedelta(seconds=59)
"""A warning is written a moment after it is due: the minute that has begun still counts."""

ENDINGS: Mapping[EndReason, str] = {
    EndReason.EXPIRED: "Its time was over.",
    EndReason.RELEASED: "It was ended on request.",
    EndReason.FAILED: "It could not be installed.",
    EndReason.LOST: "It disappeared at the server provider, which we did not ask for.",
}

NOT_CHARGED = "Nothing was charged"
TO_YOU = f"{NOT_CHARGED} to you"

Names = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """Gathers the names; `find_url` tells the public URL, without a slash at its end; machines answer on `ssh_port`."""

    find_url: Callable[[], str]
    ssh_port: int

    def of(self, instance: Instance, notice: Notice, token: str) -> Names:
        """The names for the templates and the subject of one notice."""
        url = self.find_url()
        always = {"id": instance.id, "name": instance.name, "url": url}
        return {**always, **_link(url, instance, notice, token), **self._matter(instance, notice)}

    def _matter(self, instance: Instance, notice: Notice) -> Names:
        match notice.kind:
            case Kind.CONFIRM:
                return _wish(instance)
            case Kind.EXISTS:
                return {}
            case Kind.READY | Kind.ENDING | Kind.EXTENDED:
                way = {"ssh": ssh_access(instance, self.ssh_port), "choice": instance.choice}
                return {**way, **_time(instance, notice)}
            case Kind.ENDED:
                return _farewell(instance, notice.due_at)
            case Kind.FAILED:
                return {**_failure(instance.failure), "tries": tries(instance)}


def _link(url: str, instance: Instance, notice: Notice, token: str) -> Names:
    match notice.kind:
        case Kind.CONFIRM:
            return {"token": token, "link": f"{url}/confirm/{instance.id}/{token}"}
        case Kind.READY | Kind.ENDING | Kind.EXTENDED | Kind.FAILED:
            return {"token": token, "link": f"{url}/i/{instance.id}#{token}"}
        case Kind.EXISTS | Kind.ENDED:
            return {}


def _wish(instance: Instance) -> Names:
    until = instance.created_at + lifecycle.CONFIRM_WITHIN
    return {
        "wish": instance.wish,
        "hours": words.counted(instance.wish.hours, "hour"),
        "fingerprint": fingerprint(instance.ssh_public_key),
        "until": words.in_words(until),
        "until_utc": words.in_figures(until),
        "within": words.span(lifecycle.CONFIRM_WITHIN),
    }


def _time(instance: Instance, notice: Notice) -> Names:
    end, since = spoken_end(instance, notice), instance.running_at
    return {
        "end": None if end is None else words.in_words(end),
        "end_utc": None if end is None else words.in_figures(end),
        "span": words.span(end - notice.due_at + ALMOST if end is not None else timedelta(0)),
        "lasting": None if end is None or since is None else words.span(end - since),
        "warned": None if end is None else promised(warnings_ahead(instance, end, notice.due_at)),
    }


def _farewell(instance: Instance, now: datetime) -> Names:
    ended, since, machine = instance.ended_at or now, instance.running_at, instance.machine
    paid = None if machine is None else lease.paid_hours(created_at=machine.created_at, ended_at=ended)
    return {
        "why": None if instance.end_reason is None else ENDINGS[instance.end_reason],
        "ran": None if since is None else words.span(ended - since),
        "used": None if paid is None else words.counted(paid, "started hour"),
    }


def _failure(failure: Failure | None) -> Names:
    """The cause, and what to do, in which it is said once that it was free."""
    if failure is None:
        return {"cause": None, "advice": f"{TO_YOU}. Try again in a few minutes."}
    if TO_YOU in failure.hint:
        return {"cause": failure.message, "advice": failure.hint}
    if NOT_CHARGED in failure.hint:  # written into its row by an older release
        return {"cause": failure.message, "advice": failure.hint.replace(NOT_CHARGED, TO_YOU, 1)}
    return {"cause": failure.message, "advice": f"{TO_YOU}. {failure.hint}"}
