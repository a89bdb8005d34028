"""The vocabulary of a reap run: what it does to a row or a server, and every reason for doing it or leaving it alone.

A record of a run, a dry run and `docs/reliability.md` speak these words and no others (a test compares them), so that
"why was this one deleted?" and "why not that one?" have an answer that can be looked up. Facts of the single case
follow a reason in parentheses. Nothing here decides anything: `orphans.py` and the verbs do.
"""

from __future__ import annotations

from enum import StrEnum


class Act(StrEnum):
    """What a run does, as its record says it afterwards."""

    END = "ended"
    SERVE = "served"
    DELETE = "deleted"
    NOTE_MISSING = "noted as missing"
    NOTE_BACK = "noted as there again"
    DECLARE_LOST = "declared lost"


_BEFOREHAND = {
    Act.END: "would end",
    Act.SERVE: "would serve",
    Act.DELETE: "would delete",
    Act.NOTE_MISSING: "would note as missing",
    Act.NOTE_BACK: "would note as there again",
    Act.DECLARE_LOST: "would declare lost",
}

_BEGUN = {
    Act.END: "began to end",
    Act.SERVE: "began to serve",
    Act.DELETE: "began to delete",
    Act.NOTE_MISSING: "began to note as missing",
    Act.NOTE_BACK: "began to note as there again",
    Act.DECLARE_LOST: "began to declare lost",
}

LEFT_ALONE = "left alone"
HELD_BACK = "held back"
"""What a run says of what it did not touch: by the rules of the single case, or by those of the whole run."""

LEFT_OUT = "left out"
"""What a record says of entries for which it had no room, with a reason of their own: how many of which."""


class Reason(StrEnum):
    """Why; the order is that of the tables in `docs/reliability.md`."""

    # why an instance is ended
    TIME_OVER = "its time was over"
    RELEASED = "its owner or the operator ended it"
    FAILED = "it could not be built"
    LOST = "its machine was gone at the provider"
    # why a due row is served
    CONFIRMATION = "its confirmation is waited for"
    BUILDER = "its builder is to be started"
    SERVER = "its server is to be made"
    BUILD = "its build is to be looked at"
    MAIL = "a mail is owed"
    # why a server is deleted, watched or kept
    NO_ROW = "no row owns it"
    TOO_OLD = "it is older than the longest life allowed"
    SEEN_TWICE = "seen twice, unchanged"
    FIRST_SIGHT = "seen for the first time"
    SEEN_TOO_SOON = "first seen less than a quarter of an hour ago"
    YOUNG = "it is younger than half an hour"
    OWNED = "its row owns it"
    LOOKED_FOR = "its row is still looking for it"
    DRIFTED = "its name and labels do not agree: not ours to judge"
    OTHER_RELEASE = "its row is of another release"
    CHANGED = "changed since it was listed"
    ATTACHED = "something is attached that we never order: it stays, and costs, when the server is gone"
    # why a machine of a running row is declared lost, or not
    FIRST_404 = "the provider has no server of its id"
    SECOND_404 = "two 404s, the marker answering"
    TOO_SOON_404 = "missing for less than five minutes"
    THERE_AGAIN = "there when asked for by its id"
    NOT_LISTED = "not in the list, but there when asked for by its id"
    NOT_BELIEVED = "a 404 that is not believed"
    ROW_CHANGED = "its row changed while it was looked at"
    # why an end that is due has not come
    LEASED = "another worker holds it"
    NOT_DUE = "nothing of it is due any more"
    CREATE_ON_ITS_WAY = "a create may still be on its way"
    NOT_OURS = "the server of its id does not carry its name and labels"
    NOT_YET = "its end has not come"
    NO_ANSWER = "the provider did not answer or refused"
    WAITS = "it is tried again"
    # why a whole run, or the rest of it, does nothing
    NO_MARKER = "the provider's project has no marker of this stack: it may be the wrong project"
    FOREIGN_MARKER = "the marker at the provider belongs to another stack"
    MARKER_UNREADABLE = "the marker's epoch label cannot be read"
    RESTORED = "the marker has counted further than this table: the table was restored from a backup"
    CLOCK = "our clock differs from the provider's by more than a minute"
    TOO_MANY = "too many at once"
    NOT_CONFIRMED = "more than this run was allowed to act on"
    OUT_OF_TIME = "this run's time was over"


def said(act: Act, *, dry_run: bool) -> str:
    """The word for an act in a record: `deleted`, or in a dry run `would delete`."""
    return _BEFOREHAND[act] if dry_run else act.value


def begun(act: Act) -> str:
    """The word for an act that was begun and of whose end the record does not know: `began to delete`."""
    return _BEGUN[act]


def because(*reasons: str, fact: object = None) -> str:
    """Reasons as one text: joined by semicolons, the fact of this case in parentheses behind them."""
    text = "; ".join(reasons)
    return text if fact is None else f"{text} ({fact})"
