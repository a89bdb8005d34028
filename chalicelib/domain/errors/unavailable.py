"""What the table, the build platform and the mail did not do; nothing is known to be wrong with the caller."""

from __future__ import annotations

from chalicelib.domain.errors.root import CccError


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


class PublicUrlUnknown(Unavailable):
    """Nobody has told the service its own address: no link can be written and no builder be told where to call."""

    code = "public_url_unknown"
