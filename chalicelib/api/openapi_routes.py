"""The table of routes for the OpenAPI document: who may call, what goes in and what comes out.

A test holds it against the routes that the app really has, in both directions.
"""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import BaseModel

from chalicelib.api import answers, operator_answers, schemas

ANYONE = ""
OWNER = "manage"
CONFIRM = "confirm"
BOX = "box"
OPERATOR = "operator"
BUILDER = "builder"


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """One route: who may call, what goes in and what comes out.

    `who` names the bearer tokens that open it (none at all, or ANYONE among them: no token is needed). `answers` maps
    statuses to shapes. A shape of None is an answer without a body; `query` and `headers` are optional parameters,
    `needs` required headers.
    """

    summary: str
    answers: dict[int, type[BaseModel] | None]
    errors: tuple[int, ...] = ()
    who: tuple[str, ...] = ()
    body: type[BaseModel] | None = None
    body_optional: bool = False
    query: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()


BODY = (400, 413, 415, 422)
MINE = (OWNER, OPERATOR)

ROUTES: dict[tuple[str, str], Described] = {
    ("POST", "/instances"): Described(
        summary="Ask for a new instance: as an operator at once, without a token after a mail is answered",
        who=(ANYONE, OPERATOR),
        body=schemas.NewInstance,
        headers=("Idempotency-Key",),
        answers={202: answers.Asked},
        errors=(*BODY, 401, 403, 409, 429, 503),
    ),
    ("POST", "/instances/{id}/confirm"): Described(
        summary="Confirm a wish with the token of the confirmation mail",
        who=(CONFIRM,),
        answers={200: answers.ConfirmAnswer},
        errors=(400, 401, 403, 404, 409, 410, 422, 503),
    ),
    ("POST", "/instances/{id}/retry"): Described(
        summary="Try a failed instance again, as a new one",
        who=MINE,
        answers={202: answers.Created},
        errors=(400, 401, 403, 404, 409, 422, 503),
    ),
    ("POST", "/instances/{id}/rotate-token"): Described(
        summary="Give an instance a new manage token",
        who=MINE,
        answers={200: answers.Created},
        errors=(400, 401, 404, 409, 503),
    ),
    ("GET", "/instances"): Described(
        summary="List instances, newest first",
        who=(OPERATOR,),
        query=("all", "status", "owner", "limit", "cursor"),
        answers={200: answers.InstancePage},
        errors=(400, 401, 422, 503),
    ),
    ("GET", "/instances/{id}"): Described(
        summary="Show one instance",
        who=MINE,
        query=("wait",),
        headers=("If-None-Match",),
        answers={200: answers.Instance, 304: None},
        errors=(400, 401, 404, 422, 503),
    ),
    ("DELETE", "/instances/{id}"): Described(
        summary="End an instance",
        who=MINE,
        answers={202: answers.Instance, 200: answers.Instance},
        errors=(400, 401, 404, 409, 503),
    ),
    ("POST", "/instances/{id}/extend"): Described(
        summary="Give a running instance more hours",
        who=MINE,
        body=schemas.MoreHours,
        needs=("Idempotency-Key",),
        answers={200: answers.Extended},
        errors=(*BODY, 401, 404, 409, 410, 503),
    ),
    ("GET", "/instances/{id}/log"): Described(
        summary="Show the log tail of the newest build",
        who=MINE,
        answers={200: answers.Log},
        errors=(400, 401, 404, 503),
    ),
    ("GET", "/instances/{id}/box"): Described(
        summary="Tell a machine when it ends",
        who=(BOX,),
        answers={200: answers.BoxTime},
        errors=(400, 401, 404, 503),
    ),
    ("POST", "/instances/{id}/box/extend"): Described(
        summary="Give a machine more hours at its own wish",
        who=(BOX,),
        body=schemas.MoreHours,
        needs=("Idempotency-Key",),
        answers={200: answers.BoxTime},
        errors=(*BODY, 401, 403, 404, 409, 410, 503),
    ),
    ("GET", "/types"): Described(
        summary="List the server types that can be had now",
        answers={200: answers.Types},
        errors=(400, 503),
    ),
    ("POST", "/builds/{id}/{attempt}/claim"): Described(
        summary="Claim the order of a build attempt",
        who=(BUILDER,),
        body=schemas.Claim,
        answers={200: answers.Order},
        errors=(*BODY, 401, 404, 409, 410, 425, 503),
    ),
    ("POST", "/builds/{id}/{attempt}/reports"): Described(
        summary="Report a phase or the outcome of a build attempt",
        who=(BUILDER,),
        body=schemas.Report,
        answers={200: answers.Heard},
        errors=(*BODY, 401, 404, 409, 410, 503),
    ),
    ("POST", "/reap"): Described(
        summary="Ask for a reap run",
        who=(OPERATOR,),
        body=schemas.ReapWish,
        body_optional=True,
        answers={202: answers.RunView},
        errors=(*BODY, 401, 503),
    ),
    ("GET", "/reap/runs"): Described(
        summary="List reap runs, newest first",
        who=(OPERATOR,),
        query=("limit", "cursor"),
        answers={200: answers.Runs},
        errors=(400, 401, 422, 503),
    ),
    ("GET", "/reap/runs/{run}"): Described(
        summary="Show one reap run",
        who=(OPERATOR,),
        answers={200: answers.RunView},
        errors=(400, 401, 404, 503),
    ),
    ("GET", "/reap/orphans"): Described(
        summary="List what servers without a row have cost, newest first",
        who=(OPERATOR,),
        query=("limit", "cursor"),
        answers={200: answers.OrphanCosts},
        errors=(400, 401, 422, 503),
    ),
    ("POST", "/operator/pause"): Described(
        summary="Switch new machines off",
        who=(OPERATOR,),
        answers={200: operator_answers.StackView},
        errors=(400, 401, 409, 503),
    ),
    ("POST", "/operator/resume"): Described(
        summary="Switch new machines on again, and close the circuit breaker",
        who=(OPERATOR,),
        answers={200: operator_answers.Resumed},
        errors=(400, 401, 409, 503),
    ),
    ("POST", "/operator/accept-restore"): Described(
        summary="Accept a table that was restored from a backup",
        who=(OPERATOR,),
        body=schemas.RestoreWish,
        body_optional=True,
        answers={200: operator_answers.StackView},
        errors=(*BODY, 401, 409, 503),
    ),
    ("POST", "/owners/deprovision"): Described(
        summary="End everything an address has, and shut it out",
        who=(OPERATOR,),
        body=schemas.OwnerWish,
        answers={200: operator_answers.OwnerEnded},
        errors=(*BODY, 401, 409, 503),
    ),
    ("POST", "/owners/admit"): Described(
        summary="Let an address sign up again",
        who=(OPERATOR,),
        body=schemas.OwnerWish,
        answers={200: operator_answers.OwnerAdmitted},
        errors=(*BODY, 401, 503),
    ),
    ("GET", "/operator/state"): Described(
        summary="Tell the state of everything",
        who=(OPERATOR,),
        answers={200: operator_answers.OperatorState},
        errors=(400, 401, 503),
    ),
    ("GET", "/operator/audit"): Described(
        summary="List who changed what",
        who=(OPERATOR,),
        query=("instance", "day"),
        answers={200: operator_answers.AuditPage},
        errors=(400, 401, 422, 503),
    ),
    ("GET", "/operator/why"): Described(
        summary="Explain why an instance or a server was deleted, or was not",
        who=(OPERATOR,),
        query=("instance", "server"),
        answers={200: operator_answers.Explanation},
        errors=(400, 401, 422, 503),
    ),
    ("GET", "/health"): Described(summary="Say that the service answers", answers={200: answers.Health}, errors=(400,)),
    ("GET", "/health/ready"): Described(
        summary="Check what the service depends on", answers={200: answers.Health}, errors=(400, 503)
    ),
    ("GET", "/openapi.json"): Described(summary="This document", answers={200: answers.Document}, errors=(400,)),
}
