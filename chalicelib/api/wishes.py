"""What a signup asks for, out of its JSON: an address, a key and a wish, or every field that is wrong at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from chalicelib.api.email_field import normalise_email
from chalicelib.api.idempotency import request_hash
from chalicelib.api.reading import read
from chalicelib.domain.email import EmailAddress
from chalicelib.domain.errors import InvalidInput
from chalicelib.domain.instance import Wish
from chalicelib.domain.limits import Limits
from chalicelib.domain.ssh_key import SshPublicKey

if TYPE_CHECKING:
    from chalicelib.api.schemas import NewInstance

COMMENT = "guest"
"""The word behind a key in the digest of a request; what was typed there is of no meaning."""

Part = TypeVar("Part")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A checked signup; `hash` tells it from another one under the same Idempotency-Key.

    `robot`: the field that people do not see was filled in.
    """

    email: EmailAddress
    ssh_key: SshPublicKey
    wish: Wish
    hash: str
    robot: bool


def asked(document: Mapping[str, Any], limits: Limits) -> Asked:
    """The signup in a JSON object; InvalidInput names every field that does not fit."""
    wrong: dict[str, str] = {}
    body = _shape(document, wrong)
    email = _part(wrong, normalise_email, document.get("email"))
    key = _part(wrong, SshPublicKey.parse, document.get("ssh_public_key"))
    if body is None or email is None or key is None or wrong:
        raise InvalidInput(wrong)
    hours = limits.default_hours if body.hours is None else check_hours(body.hours, limits.max_hours)
    wish = Wish(hours=hours, server_type=body.server_type, location=body.location)
    meaning = {**body.model_dump(exclude={"website"}), "email": email.value, "ssh_public_key": key.line(COMMENT)}
    return Asked(email=email, ssh_key=key, wish=wish, hash=request_hash(meaning), robot=body.website != "")


def check_hours(hours: int, most: int) -> int:
    """The hours; InvalidInput when one request may not ask for so many."""
    if hours > most:
        raise InvalidInput({"hours": f"must be at most {most}"})
    return hours


def _shape(document: Mapping[str, Any], wrong: dict[str, str]) -> NewInstance | None:
    from chalicelib.api.schemas import NewInstance  # noqa: PLC0415 -- brings pydantic, which is slow to import

    return _part(wrong, lambda given: read(NewInstance, given), document)


def _part(wrong: dict[str, str], take: Callable[[Any], Part], given: Any) -> Part | None:
    """What `take` makes of a value, or None after noting what is wrong with it; the first sentence of a field stays."""
    try:
        return take(given)
    except InvalidInput as error:
        for name, why in error.fields.items():
            wrong.setdefault(name, why)
        return None
