"""Every error this product raises on purpose, and what each one means.

    CccError
    ├── InvalidInput            what the caller sent is not acceptable          (fields say which part)
    ├── NotFound                no such thing, or not yours: the same answer
    ├── NotAllowed              a token is missing or does not open this
    ├── Refused                 understood, and against a rule of the service
    │   ├── NotRunning          extend before the machine runs
    │   ├── EndingAlready       the machine is being deleted
    │   ├── EndedAlready        the machine is gone
    │   ├── ConfirmExpired      the link of the confirmation mail is too old
    │   ├── EndMoved            somebody else changed the end in between
    │   ├── LimitReached        a cap of the operator: hours, life, live, spend, creations
    │   ├── Paused              the operator has switched new instances off
    │   ├── SignupClosed        strangers may not sign up here, or not with this address
    │   ├── TooManyRequests     one source asks too often
    │   ├── NotOffered          the operator has not switched this on
    │   ├── NotFailed           only what has failed can be tried again
    │   ├── NoMarker            the provider's project carries another stack's marker, or none and no machine
    │   ├── KeyReused           an Idempotency-Key came again with another body
    │   └── IllegalTransition   the lifecycle has no such step (a bug if a caller sees it)
    ├── BuildRefused            the builder may not go on
    │   ├── TooEarly            the address is not known yet: ask again
    │   ├── Superseded          a newer attempt, another nonce or a decided outcome
    │   └── BuildOver           the instance is ending: stop
    └── Unavailable             a dependency did not do what was asked; nothing is known to be wrong with the caller
        ├── WriteConflict       the row is not what it was when it was read
        ├── CounterFull         a counter would pass its cap: nothing was written
        ├── StoreUnavailable    the table did not answer, or answered nonsense
        ├── UnknownSchema       the row was written by a release this one does not know
        ├── PublicUrlUnknown    nobody has told the service its own address
        ├── ProviderError       Hetzner refused, and said so: the request had no effect
        │   ├── NameTaken       a server of that name exists
        │   ├── OutOfStock      this type is not to be had in this location now
        │   ├── ServerLocked    another action is running on the server: later
        │   ├── ServerProtected the operator switched delete protection on
        │   ├── ProviderLimit   the account's own limit is reached
        │   ├── RateLimited     too many requests: later
        │   └── TokenRejected   the token is wrong, revoked or read-only
        ├── ProviderUnknown     Hetzner did not answer, or not readably: the request may have had its effect
        ├── BuilderFull         the build platform has no free slot: nothing was started
        ├── BuilderUnknown      the build platform did not answer: a build may have been started
        ├── MailRefused         the mail was not sent, and this is known
        │   └── AddressRefused  the address takes no mail: not now and not later
        └── MailUnknown         the mail may have been sent

Each has a stable `code` (what programs match), a sentence for a person, and the data that explains it. Adapters
translate at the call (`raise … from`). Only `api/errors.py` knows HTTP. Nothing here knows a vendor.

They are imported from here. Where they stand: `root.py`, then by whose turn it is: `refused.py` (the caller's),
`builds.py` (the builder's), `unavailable.py` and `provider.py` (a dependency's).
"""

from __future__ import annotations

from chalicelib.domain.errors.builds import BuildOver, BuildRefused, Superseded, TooEarly
from chalicelib.domain.errors.provider import (
    NameTaken,
    OutOfStock,
    ProviderError,
    ProviderLimit,
    ProviderUnknown,
    RateLimited,
    ServerLocked,
    ServerProtected,
    TokenRejected,
)
from chalicelib.domain.errors.refused import (
    ConfirmExpired,
    EndedAlready,
    EndingAlready,
    EndMoved,
    IllegalTransition,
    InvalidInput,
    KeyReused,
    LimitReached,
    NoMarker,
    NotAllowed,
    NotFailed,
    NotFound,
    NotOffered,
    NotRunning,
    Paused,
    Refused,
    SignupClosed,
    TooManyRequests,
)
from chalicelib.domain.errors.root import CccError
from chalicelib.domain.errors.unavailable import (
    AddressRefused,
    BuilderFull,
    BuilderUnknown,
    CounterFull,
    MailRefused,
    MailUnknown,
    PublicUrlUnknown,
    StoreUnavailable,
    Unavailable,
    UnknownSchema,
    WriteConflict,
)

__all__ = [
    "AddressRefused",
    "BuildOver",
    "BuildRefused",
    "BuilderFull",
    "BuilderUnknown",
    "CccError",
    "ConfirmExpired",
    "CounterFull",
    "EndMoved",
    "EndedAlready",
    "EndingAlready",
    "IllegalTransition",
    "InvalidInput",
    "KeyReused",
    "LimitReached",
    "MailRefused",
    "MailUnknown",
    "NameTaken",
    "NoMarker",
    "NotAllowed",
    "NotFailed",
    "NotFound",
    "NotOffered",
    "NotRunning",
    "OutOfStock",
    "Paused",
    "ProviderError",
    "ProviderLimit",
    "ProviderUnknown",
    "PublicUrlUnknown",
    "RateLimited",
    "Refused",
    "ServerLocked",
    "ServerProtected",
    "SignupClosed",
    "StoreUnavailable",
    "Superseded",
    "TokenRejected",
    "TooEarly",
    "TooManyRequests",
    "Unavailable",
    "UnknownSchema",
    "WriteConflict",
]
