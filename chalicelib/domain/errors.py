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
"""

from __future__ import annotations

from typing import Any, ClassVar


class CccError(Exception):
    """The root: `str(error)` is the sentence, `code` the stable name, `data` what explains it."""

    code: ClassVar[str] = "error"

    def __init__(self, message: str, **data: Any) -> None:
        super().__init__(message)
        self.message = message
        self.data = data


class InvalidInput(CccError):
    """One or more fields are not acceptable; `fields` maps a field's name to a sentence that says why."""

    code = "invalid_input"

    def __init__(self, fields: dict[str, str]) -> None:
        super().__init__("; ".join(f"{name}: {why}" for name, why in fields.items()), fields=fields)
        self.fields = fields


class NotFound(CccError):
    """No such thing, or it is somebody else's: the answer does not tell which."""

    code = "not_found"


class NotAllowed(CccError):
    """A token is missing, or does not open this."""

    code = "unauthorized"


class Refused(CccError):
    """The request was understood, and a rule of the service is against it."""

    code = "refused"


class NotRunning(Refused):
    """The instance does not run yet, so it has no end that could move."""

    code = "not_running"


class EndingAlready(Refused):
    """The instance is being deleted."""

    code = "deleting"


class EndedAlready(Refused):
    """The instance is gone."""

    code = "gone"


class ConfirmExpired(Refused):
    """The wish was not confirmed in time; it is forgotten."""

    code = "expired"


class EndMoved(Refused):
    """The end of the instance changed while this request was on its way."""

    code = "conflict"


class LimitReached(Refused):
    """A cap of the operator stands in the way; `data["limit"]` names it, `data["left"]` what is left."""

    code = "limit"


class Paused(Refused):
    """New instances are switched off at the moment."""

    code = "paused"


class SignupClosed(Refused):
    """The operator lets nobody sign up, or nobody with such an address."""

    code = "signup_closed"


class TooManyRequests(Refused):
    """One source asks too often; `data["retry_after"]` says in how many seconds it may again."""

    code = "too_many_requests"


class NotOffered(Refused):
    """The operator has not switched this on."""

    code = "not_offered"


class NotFailed(Refused):
    """The instance has not failed, so there is nothing to try again."""

    code = "not_failed"


class NoMarker(Refused):
    """The provider's project is not the one this table belongs to, as far as its marker says."""

    code = "no_marker"


class KeyReused(Refused):
    """The Idempotency-Key was used before with another body."""

    code = "idempotency_key_reused"


class IllegalTransition(Refused):
    """The lifecycle has no such step."""

    code = "illegal_transition"


class BuildRefused(CccError):
    """The builder that asks may not go on."""

    code = "build_refused"


class TooEarly(BuildRefused):
    """The address of the server is not known yet; ask again after `data["retry_after"]` seconds."""

    code = "too_early"


class Superseded(BuildRefused):
    """Another attempt, another claim or an outcome already told stands in the way."""

    code = "superseded"


class BuildOver(BuildRefused):
    """The instance is ending or gone: the build is to stop."""

    code = "build_over"


class Unavailable(CccError):
    """A dependency did not do what was asked of it."""

    code = "unavailable"


class WriteConflict(Unavailable):
    """The row is not what it was when it was read; nothing was written."""

    code = "conflict"


class CounterFull(Unavailable):
    """A counter would pass its cap; nothing was written. `data["key"]` names the counter."""

    code = "counter_full"


class StoreUnavailable(Unavailable):
    """The table did not answer, or not with an item of ours."""

    code = "store_unavailable"


class UnknownSchema(Unavailable):
    """The row was written by a release that this one does not know: it is left alone."""

    code = "unknown_schema"


class ProviderError(Unavailable):
    """The provider refused, and said so: the request had no effect."""

    code = "provider_error"


class NameTaken(ProviderError):
    """A server (or key) of that name exists already."""

    code = "name_taken"


class OutOfStock(ProviderError):
    """This type is not to be had in this location now."""

    code = "stock"


class ServerLocked(ProviderError):
    """Another action is running on the server; the same request may pass later."""

    code = "server_locked"


class ServerProtected(ProviderError):
    """The operator switched delete protection on; it is not ours to lift."""

    code = "server_protected"


class ProviderLimit(ProviderError):
    """The account's own limit (servers, addresses, cores) is reached."""

    code = "provider_limit"


class RateLimited(ProviderError):
    """Too many requests; `data["retry_after"]` seconds may be known."""

    code = "rate_limited"


class TokenRejected(ProviderError):
    """The provider does not accept our token."""

    code = "provider_token"


class ProviderUnknown(Unavailable):
    """The provider did not answer, or not readably: the request may have had its effect."""

    code = "provider_unknown"


class BuilderFull(Unavailable):
    """The build platform has no free slot; nothing was started."""

    code = "no_builder"


class BuilderUnknown(Unavailable):
    """The build platform did not answer: a build may have been started."""

    code = "builder_unknown"


class MailRefused(Unavailable):
    """The mail was not sent, and this is known."""

    code = "mail_refused"


class AddressRefused(MailRefused):
    """The receiving side says that the address takes no mail; asking again would not help."""

    code = "address_refused"


class MailUnknown(Unavailable):
    """The mail may have been sent."""

    code = "mail_unknown"
