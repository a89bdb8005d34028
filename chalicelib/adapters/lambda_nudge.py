"""Nudges as asynchronous invocations of the worker function, as the `Nudge` port.

Lambda takes the event (202) and carries it out when it can; nobody waits for that. A nudge that Lambda did not take
within seconds is logged and forgotten: the tick finds the row by its `due_at`, so it costs a minute.
"""

from __future__ import annotations

import json
import logging

from chalicelib.aws.client import AwsClient, Patience

PATIENCE = Patience(connect=1, read=3, tries=1)
"""Somebody waits for the answer to the request that nudges; and a second try could be a second invocation."""

_log = logging.getLogger("ccc.nudge")


class LambdaNudge:
    """Invokes the function of this name or ARN with `{"advance": id}` or `{"reap": run}`."""

    def __init__(self, function: str, *, region: str | None = None) -> None:
        self._function = function
        self._lambda = AwsClient("lambda", PATIENCE, region=region)

    def advance(self, instance_id: str) -> None:
        """Ask for `advance`; never raises and never waits for it."""
        self._invoke("advance", instance_id)

    def reap(self, run_id: str) -> None:
        """Ask for a requested reap run to be carried out; never raises and never waits."""
        self._invoke("reap", run_id)

    def _invoke(self, what: str, name: str) -> None:
        payload = json.dumps({what: name}).encode()
        try:
            self._lambda.call("invoke", FunctionName=self._function, InvocationType="Event", Payload=payload)
        except Exception as error:  # noqa: BLE001 -- the port promises never to raise; the tick comes to the row
            fields = {"what": what, "id": name, "function": self._function}
            why = getattr(error, "code", type(error).__name__)
            _log.warning("nudge.failed", extra={"fields": {**fields, "code": why}})
