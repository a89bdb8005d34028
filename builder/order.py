"""The claim: how a job becomes the one builder of its attempt, and what an order must look like to be trusted.

The nonce made here binds the claim to this process, so that a lost reply can be asked for again (by nobody else).
"""

from __future__ import annotations

import ipaddress
import json
import secrets
import time

from builder.api import ControlPlane, insist
from builder.errors import NotNow, OrderInvalid
from builder.pace import Pace
from builder.settings import Settings
from chalicelib.domain.build import BuildOrder

_LAST_PORT = 65535


def claim(api: ControlPlane, settings: Settings, pace: Pace) -> BuildOrder:
    """The order of this attempt, asked for until the machine's address is known.

    NotWanted: end. NotNow: it was not to be had in time. Refused: the claim was found wrong. OrderInvalid as it says.
    """
    wish = {"nonce": secrets.token_hex(16)}
    end = time.monotonic() + pace.claim_within
    order = insist(
        lambda: _asked(api, settings, wish),
        left=lambda: end - time.monotonic(),
        first=pace.request_first,
        longest=pace.request_longest,
    )
    _check(order, settings)
    settings.failpoint.returned("Builder.claim")
    return order


def _asked(api: ControlPlane, settings: Settings, wish: dict[str, str]) -> BuildOrder:
    _, body = api.post("claim", settings.claim_code, wish)
    try:
        document = json.loads(body)
    except ValueError as error:  # something between us and the control plane answered, or the answer was cut short
        raise NotNow("the answer to the claim is not JSON") from error
    try:
        return BuildOrder.from_json(document)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise OrderInvalid(
            "it has not the shape of an order"
        ) from None  # without the cause: its text may quote the order


def _check(order: BuildOrder, settings: Settings) -> None:
    if (order.instance_id, order.attempt) != (settings.instance_id, settings.attempt):
        raise OrderInvalid("it is for another attempt")
    if not _is_address(order.address):
        raise OrderInvalid("its address is none")
    if not 1 <= order.ssh_port <= _LAST_PORT:
        raise OrderInvalid("its port is none")
    if order.deadline.tzinfo is None:
        raise OrderInvalid("its deadline has no time zone")
    lines = (order.authorized_key, order.bootstrap_host_key, order.final_host_key.public, order.install_key.public)
    if not all(line.strip() == line and line.isprintable() and line for line in lines):
        raise OrderInvalid("one of its public keys is not one line")


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
