"""What is wrong with a request, or which rule of the service is against it: the caller may do something about it."""

from __future__ import annotations

from chalicelib.domain.errors.root import CccError


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
