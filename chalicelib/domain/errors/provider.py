"""What the provider of servers refused, which then had no effect, and what it left open."""

from __future__ import annotations

from chalicelib.domain.errors.unavailable import Unavailable


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
