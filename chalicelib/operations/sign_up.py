"""Take a stranger's wish for a machine: a row and one mail, and nothing reserved before that mail is answered (R24).

The answer never tells whether an address is known: who has a machine already gets another mail, the caller the same
answer with an id that leads nowhere. How often one source may ask, and how often one address is written to, is limited.
"""

from __future__ import annotations

import contextlib
import math
from dataclasses import replace
from datetime import datetime, timedelta

from chalicelib.domain import notice, signup, tokens
from chalicelib.domain.email import FIELD, EmailAddress
from chalicelib.domain.errors import (
    CounterFull,
    InvalidInput,
    KeyReused,
    TooManyRequests,
    WriteConflict,
)
from chalicelib.domain.instance import Instance, Wish
from chalicelib.domain.sliding_window import SlidingWindow
from chalicelib.domain.ssh_key import SshPublicKey
from chalicelib.operations import exclusion, ration, suppression
from chalicelib.operations.admission import require_policy
from chalicelib.operations.affordable import affordable, check_room, reservation
from chalicelib.operations.new_row import wished
from chalicelib.operations.save import quota_key, save
from chalicelib.operations.services import Services

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

LETTER_TRIES = 2
"""Two who count at once may both be refused with room left; whoever is refused twice has had enough letters."""


def count_request(services: Services, source_ip: str) -> None:
    """Count a stranger's request, good or bad; TooManyRequests when its source has asked too often this minute.

    The clock's minutes are counted, in one write: twice as many around the full minute do nobody any harm.
    """
    now = services.clock.now()
    minute, passed = divmod(int(now.timestamp()), int(MINUTE.total_seconds()))
    key = f"rate#request#{_source(services, source_ip)}#{minute}"
    try:
        services.instances.add(key, 1, cap=services.limits.per_source, expires_at=now + 2 * MINUTE)
    except CounterFull as full:
        raise _too_many(MINUTE - timedelta(seconds=passed)) from full


def _count_signup(services: Services, source_ip: str) -> None:
    """Count a wish that is to be taken; TooManyRequests when its source has had its wishes of any hour."""
    window = SlidingWindow(name=f"signup#{_source(services, source_ip)}", length=HOUR)
    try:
        ration.take(services.instances, services.clock, window, cap=services.limits.per_source)
    except CounterFull as full:
        raise _too_many(full.data["room_at"] - services.clock.now()) from full


def sign_up(
    services: Services,
    *,
    email: EmailAddress,
    ssh_key: SshPublicKey,
    wish: Wish,
    source_ip: str,
    idempotency_key: str | None,
    request_hash: str,
) -> Instance:
    """The wish as it was first written, whatever has become of it since.

    SignupClosed, InvalidInput, OutOfStock, LimitReached, Paused, TooManyRequests or KeyReused when it is not taken.
    """
    now = services.clock.now()
    instance_id = _instance_id(services, idempotency_key, email)
    row = wished(services, instance_id, address=email, ssh_key=ssh_key, wish=wish, request_hash=request_hash, now=now)
    if idempotency_key is not None and (known := _known(services, row)) is not None:
        return known
    _admit(services, email)
    check_room(services, reservation(services, wish, affordable(services, wish, now), now))
    _count_signup(services, source_ip)
    if exclusion.is_excluded(services, email):
        return row  # the answer everybody gets, and nothing happens: a stranger must not learn who is shut out
    return _written(services, row, now)


def pretend(
    services: Services, *, email: EmailAddress, ssh_key: SshPublicKey, wish: Wish, request_hash: str
) -> Instance:
    """What a robot is answered: a wish that is written nowhere."""
    return wished(
        services,
        services.ids.new()[:12],
        address=email,
        ssh_key=ssh_key,
        wish=wish,
        request_hash=request_hash,
        now=services.clock.now(),
    )


def _admit(services: Services, address: EmailAddress) -> None:
    require_policy(services, address)
    if suppression.is_suppressed(services, address):
        raise InvalidInput({FIELD: "this address cannot be used here; use another one"})


def _instance_id(services: Services, idempotency_key: str | None, address: EmailAddress) -> str:
    if idempotency_key is None:
        return services.ids.new()[:12]
    return tokens.guest_id_for(services.keyring.pepper(), idempotency_key, address.value)


def _known(services: Services, row: Instance) -> Instance | None:
    """The first answer again; nothing of what has become of the instance is told to whoever holds the key alone."""
    stored = services.instances.get(row.id)
    if stored is None:
        return None
    if stored.request_hash != row.request_hash:
        raise KeyReused("This Idempotency-Key was used before with another request. Use a new key.")
    return _first_form(row, stored.created_at)


def _first_form(row: Instance, created_at: datetime) -> Instance:
    """The wish as it was when it was first written."""
    return replace(row, created_at=created_at, status_since=created_at, due_at=created_at)


def _written(services: Services, row: Instance, now: datetime) -> Instance:
    try:
        stored = _put(services, row, now)
    except WriteConflict:
        known = _known(services, row)
        if known is None:
            raise
        return known
    services.nudge.advance(stored.id)
    return stored


def _put(services: Services, row: Instance, now: datetime) -> Instance:
    """The wish with the one mail it owes, or with none when its address has been written to often enough in a day.

    The mail is counted in the write that owes it: whoever dies in between has used up nothing.
    """
    quota = quota_key(row.owner)
    full = services.instances.counters([quota])[quota] >= services.limits.per_owner
    kind = notice.Kind.EXISTS if full else notice.Kind.CONFIRM
    cap = signup.EXISTS_MAILS_PER_DAY if full else signup.CONFIRM_MAILS_PER_DAY
    window = SlidingWindow(name=f"{kind}#{row.owner}", length=DAY)
    owing = replace(row, notices=(notice.Notice(kind=kind, key=str(kind), due_at=now),))
    for _ in range(LETTER_TRIES):
        with contextlib.suppress(CounterFull):
            counted = ration.with_write(services.instances, window, now, cap=cap)
            return save(services, owing, before=None, more=counted)
    return save(services, row, before=None)


def _source(services: Services, source_ip: str) -> str:
    return tokens.source_key(services.keyring.pepper(), signup.source_of(source_ip))


def _too_many(wait: timedelta) -> TooManyRequests:
    return TooManyRequests(
        "Too many requests to sign up came from your network. Try again a little later.",
        retry_after=max(math.ceil(wait.total_seconds()), 1),
    )
