"""Whether a form was sent by a page that may send it: a browser says so in `Origin`, and no other page can forge it.

Cookies are not used, so this protects nobody's login; it keeps other sites from making wishes in a visitor's name.
"""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import urlsplit

from chalicelib.api.call import Call
from chalicelib.api.edge import origin_of
from chalicelib.api.http_error import HttpError

_USUAL_PORTS = {"http": ":80", "https": ":443"}


def require_origin(call: Call, public_url: str, others: Collection[str] = ()) -> None:
    """HttpError 403 unless Origin came, once, and names the public URL's own origin or one of the others."""
    given = call.header("origin")
    own = own_origin(public_url)
    if given != own and given not in others:
        raise HttpError(
            403, "foreign_origin", f"This service takes forms from its own pages alone, which begin with {own}."
        )


def own_origin(public_url: str) -> str:
    """The origin of the public URL as browsers write it: they leave the usual port of a scheme away."""
    return origin_of(public_url).removesuffix(_USUAL_PORTS.get(urlsplit(public_url).scheme.lower(), ""))
