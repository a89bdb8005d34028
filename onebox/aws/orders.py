"""Faults that somebody has ordered: the next so many calls of an operation are refused.

`do` says when: `refuse` before anything is done, `lose` after it was done, so that the caller never learns of it.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from onebox.codebuild.refusal import Refusal

REFUSE, LOSE = "refuse", "lose"
_LOST = 500


@dataclass(slots=True)
class _Order:
    do: str
    code: str
    status: int
    times: int


class Orders:
    """Kept in memory; each order counts down on its own."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._orders: dict[str, _Order] = {}

    def take(self, document: Mapping[str, Any]) -> None:
        """`{"operation", "do"?, "code"?, "status"?, "times"?}`; an order for an operation replaces the one before."""
        do = document.get("do", REFUSE)
        if do not in {REFUSE, LOSE} or not isinstance(document.get("operation"), str):
            raise Refusal("BadRequestException", 'Send {"operation": …, "do": "refuse" or "lose", "times": 1}.')
        order = _Order(
            do=do,
            code=str(document.get("code", "InternalServiceErrorException")),
            status=int(document.get("status", _LOST)),
            times=int(document.get("times", 1)),
        )
        with self._lock:
            self._orders[document["operation"]] = order

    def before(self, operation: str) -> None:
        """To be called before an operation does anything; raises Refusal where it is to be refused."""
        self._strike(operation, REFUSE)

    def after(self, operation: str) -> None:
        """To be called when an operation is done; raises Refusal where its answer is to be lost."""
        self._strike(operation, LOSE)

    def _strike(self, operation: str, do: str) -> None:
        with self._lock:
            order = self._orders.get(operation)
            if order is None or order.do != do or order.times <= 0:
                return
            order.times -= 1
        raise Refusal(order.code, "Somebody has ordered this.", order.status)
