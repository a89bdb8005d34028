"""Whether a request to a stand-in is signed, and by whom: signatures are not verified, the access key's id is.

Whoever else is on this machine could ask a stand-in too. So each life of a stack has an id of its own, which only its
processes know, and which is worth nothing anywhere else.
"""

from __future__ import annotations

from onebox.codebuild.refusal import Refusal

VARIABLE = "ONEBOX_ACCESS_KEY"
"""In the environment of a stand-in: the one id that may ask; without it anybody may who signs at all."""

_SCHEME = "AWS4-HMAC-SHA256 "


def doubt(authorization: str, access_key: str | None) -> Refusal | None:
    """Why AWS would not listen to a request with this Authorization header; None when it would."""
    if not authorization.startswith(_SCHEME):
        return Refusal("MissingAuthenticationTokenException", "Missing Authentication Token", 403)
    if access_key is not None and f"Credential={access_key}/" not in authorization:
        return Refusal("UnrecognizedClientException", "The security token included in the request is invalid.", 403)
    return None
