"""Which end a letter speaks of."""

from __future__ import annotations

from datetime import datetime

from chalicelib.domain.instance import Instance
from chalicelib.domain.notice import Kind, Notice


def spoken_end(instance: Instance, notice: Notice) -> datetime | None:
    """The end that the notice was owed for; None where there is none yet.

    `ready` tells the end that holds when it is written: an extension in between does not make it stale.
    """
    if notice.kind is Kind.READY:
        return instance.expires_at or notice.about
    return notice.about or instance.expires_at
