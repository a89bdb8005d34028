"""A scheduled function as the ticker calls one: EventBridge's event goes to its host, and a failure is an exception."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from onebox.aws.functions import Function
from onebox.aws.invoke import Invoker
from onebox.gateway.lambda_context import LambdaContext


class FunctionFailed(Exception):
    """A scheduled function failed, as its error metric would show; the message is its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheduled:
    """Calls `function`, which brings its own time limit."""

    function: Function
    invoker: Invoker

    def __call__(self, event: dict[str, Any], _context: LambdaContext) -> Any:
        """Carry out one run; FunctionFailed, NotReached."""
        outcome = self.invoker.invoke(self.function.short, event)
        if outcome.error is not None:
            raise FunctionFailed(f"{outcome.error.get('errorType')}: {outcome.error.get('errorMessage')}")
        return outcome.result
