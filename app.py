"""The Chalice application: what Lambda calls. Every decision is elsewhere; here handlers meet verbs.

`app` answers HTTP, `advance` is the worker that nudges invoke, `tick` and `reap` are the schedule, and `mail_feedback`
hears of letters that came back. A handler whose verb failed raises, so that the failure shows in the error metric.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chalice.app import Chalice, CloudWatchEvent

from chalicelib import config, invocation, log, wiring
from chalicelib.api.edge import Edge
from chalicelib.api.everything import add_routes
from chalicelib.api.mail_feedback import mail_feedback as record_mail_feedback
from chalicelib.operations import advance as advance_verb
from chalicelib.operations import found_stack as found_stack_verb
from chalicelib.operations import reap as reap_verb
from chalicelib.operations import tick as tick_verb
from chalicelib.operations.ports import RunState

RESERVE = 0.2
"""The part of a function's time in which it begins nothing new."""

log.configure()
_settings = config.from_environment()
services = wiring.services(_settings)
_edge = Edge(
    origins=_settings.origins,
    long_poll_seconds=_settings.long_poll_seconds,
    refused_domains=_settings.refused_domains,
)

app = Chalice(app_name="ccc", configure_logs=False)
add_routes(app, services, _edge)


@app.middleware("all")
def name_the_invocation(event: Any, proceed: Callable[[Any], Any]) -> Any:
    """Let every line of the log say which invocation it belongs to, and every request how long it may take."""
    context = getattr(event, "lambda_context", None) or event.context
    with log.invocation(context), invocation.within(context):
        return proceed(event)


@app.lambda_function(name="advance")
def advance(event: dict[str, Any], context: Any) -> None:
    """Look at one row, carry out a requested run, or found the stack.

    `{"advance": id}`, `{"reap": run}`, `{"found_stack": true}`.
    """
    if event.get("found_stack"):
        found_stack_verb.found_stack(services)
    elif "reap" in event:
        reap_verb.run_requested(services, event["reap"], left=_left(context))
    else:
        advance_verb.advance(services, event["advance"])


@app.schedule("rate(1 minute)", name="tick")
def tick(event: CloudWatchEvent) -> None:
    """Do the minute's work."""
    tick_verb.tick(services, left=_left(event.context))


@app.schedule("cron(0 * * * ? *)", name="reap")
def reap(event: CloudWatchEvent) -> None:
    """Reconcile everything, once an hour; raises when any part of it failed, after the rest was done."""
    run = reap_verb.reap(services, left=_left(event.context))
    if run.errors or run.state is RunState.FAILED:
        raise RuntimeError(f"reap run {run.id} has {len(run.errors)} errors")


@app.lambda_function(name="mail_feedback")
def mail_feedback(event: dict[str, Any], context: Any) -> None:  # noqa: ARG001 -- Lambda's form of a handler
    """Record what SES tells of our letters, as SNS hands it over."""
    record_mail_feedback(services, event)


def _left(context: Any) -> Callable[[], float]:
    """The seconds in which new work may begin; Lambda's own limit is kept away from by a fifth of the time."""
    reserve = context.get_remaining_time_in_millis() * RESERVE
    return lambda: (context.get_remaining_time_in_millis() - reserve) / 1000
