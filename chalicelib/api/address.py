"""What a route does while nobody knows the service's own address, which is in the links of every answer.

Whoever makes something asks for it first: an answer that fails after the deed would be repeated, and paid for twice.
"""

from __future__ import annotations

from dataclasses import replace

from chalicelib.domain.errors import PublicUrlUnknown
from chalicelib.operations.services import Services


def require_address(services: Services) -> None:
    """PublicUrlUnknown before anything is done whose answer could not be given."""
    _ = services.public_url


def without_address(services: Services) -> Services:
    """The services, whose links are relative where the address is not known: for what must not wait for it."""
    try:
        require_address(services)
    except PublicUrlUnknown:
        return replace(services, find_url=str)
    return services
