"""The product inside this process: its application, its handlers, its services; made once, wrapped before their use.

`app.py` takes its services from `wiring.services` when it is imported: that call is watched here, so that the services
are known, and carry the failpoint if there is one.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any

from chalicelib import wiring
from chalicelib.api.pages import pages_of
from chalicelib.operations import expire_leases, found_stack
from chalicelib.operations.services import Services
from onebox import failpoints
from onebox.gateway.lambda_context import LambdaContext
from onebox.gateway.problems import Answer

ADVANCE_TIMEOUT_SECONDS = 240.0
"""As the worker function is given in the cloud: longer than any lease."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """`module` is `app.py`; `services` are those that it uses, `unwatched` the same without a failpoint."""

    module: Any
    services: Services
    unwatched: Services

    def found(self, *, table: str | None, release_leases: bool) -> None:
        """Make the table, the stack's item and marker at the first start; free the leases of workers that are dead."""
        if table is not None:
            from chalicelib.adapters.dynamo_table import DynamoTable  # noqa: PLC0415 -- loaded only where it is used

            DynamoTable(table).create()
        found_stack.found_stack(self.unwatched)
        if release_leases:
            expire_leases.expire_leases(self.unwatched)

    def page(self, refused: Answer) -> Answer:
        """A problem document of the gateway's own as a page of the product, in its style and with its links."""
        from chalice.app import Response  # noqa: PLC0415 -- the application's own import of it counts

        given = Response(body=refused.body.decode(), status_code=refused.status, headers=dict(refused.headers))
        shown = pages_of(self.services)(given)
        headers = tuple((name, str(value)) for name, value in shown.headers.items())
        return Answer(status=shown.status_code, headers=headers, body=shown.body.encode())

    def listen_to_nudges(self) -> None:
        """Let nudges call the worker, as Lambda's asynchronous invoke does; other kinds of nudge are left alone."""
        attach = getattr(self.services.nudge, "attach", None)
        if attach is not None:
            attach(
                advance=lambda instance_id: self._invoke({"advance": instance_id}),
                reap=lambda run_id: self._invoke({"reap": run_id}),
            )

    def _invoke(self, event: dict[str, str]) -> None:
        self.module.advance(event, LambdaContext("advance", ADVANCE_TIMEOUT_SECONDS))


def load(kill_after: str | None) -> Product:
    """Import the application with its services; configuration errors of the product come through."""
    made: list[tuple[Services, Services]] = []
    construct = wiring.services

    def watched(*arguments: Any, **named: Any) -> Services:
        plain = construct(*arguments, **named)
        made.append((plain, failpoints.wrap(plain, kill_after) if kill_after else plain))
        return made[-1][1]

    wiring.services = watched
    try:
        module = importlib.import_module("app")
    finally:
        wiring.services = construct
    plain, used = made[-1]
    return Product(module=module, services=used, unwatched=plain)
