"""A stranger's signup, by JSON or by form: counted first, then checked, then taken. Both routes come through here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalicelib.api.acting import acting
from chalicelib.api.call import Call
from chalicelib.api.disposable import refuse_disposable
from chalicelib.api.edge import Edge
from chalicelib.api.wishes import asked
from chalicelib.domain.audit import ANONYMOUS
from chalicelib.domain.instance import Instance
from chalicelib.operations import sign_up
from chalicelib.operations.services import Services


def accept(
    services: Services, edge: Edge, call: Call, document: Mapping[str, Any], idempotency_key: str | None
) -> Instance:
    """The wish as it was first written; what `asked` and `sign_up` raise when it is not taken.

    A robot that fills in the field nobody sees is answered like everybody else, and nothing happens.
    """
    wanted = asked(document, services.limits)
    if wanted.robot:
        return sign_up.pretend(
            services, email=wanted.email, ssh_key=wanted.ssh_key, wish=wanted.wish, request_hash=wanted.hash
        )
    refuse_disposable(wanted.email, edge.refused_domains)
    return sign_up.sign_up(
        acting(services, ANONYMOUS),
        email=wanted.email,
        ssh_key=wanted.ssh_key,
        wish=wanted.wish,
        source_ip=call.source_ip,
        idempotency_key=idempotency_key,
        request_hash=wanted.hash,
    )
