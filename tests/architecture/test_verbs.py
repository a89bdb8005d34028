"""Verbs line up: command, route, operation and test have one name, and what has no counterpart is named with a reason.

The real files are read, so that a new verb without an entry here fails.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass

import pytest

from ccc.cli import VERBS as COMMANDS
from tests.architecture.source import ROOT, imports, modules, packages, parsed

API = ROOT / "chalicelib/api"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verb:
    """An operation with the command and the routes that lead to it, and the file in chalicelib/api that does."""

    operation: str
    api: str
    routes: tuple[str, ...]
    command: str | None


TABLE = (
    Verb(operation="provision", api="instances", routes=("POST /instances",), command="provision"),
    Verb(
        operation="show", api="instances", routes=("GET /instances/{id}", "GET /instances/{id}/log"), command="status"
    ),
    Verb(operation="list_instances", api="instance_list", routes=("GET /instances",), command="list"),
    Verb(operation="sign_up", api="signup", routes=("POST /",), command="provision"),
    Verb(
        operation="confirm",
        api="instances",
        routes=("POST /instances/{id}/confirm", "GET /confirm/{id}/{token}", "POST /confirm/{id}/{token}"),
        command="confirm",
    ),
    Verb(operation="retry", api="instances", routes=("POST /instances/{id}/retry",), command="retry"),
    Verb(
        operation="rotate_token", api="instances", routes=("POST /instances/{id}/rotate-token",), command="rotate-token"
    ),
    Verb(operation="extend", api="instances", routes=("POST /instances/{id}/extend",), command="extend"),
    Verb(
        operation="box",
        api="box",
        routes=("GET /instances/{id}/box", "POST /instances/{id}/box/extend"),
        command=None,
    ),
    Verb(operation="deprovision", api="instances", routes=("DELETE /instances/{id}",), command="deprovision"),
    Verb(operation="list_types", api="catalogue", routes=("GET /types",), command="types"),
    Verb(operation="request_reap", api="operator", routes=("POST /reap",), command="reap"),
    Verb(operation="show_runs", api="operator", routes=("GET /reap/runs", "GET /reap/runs/{run}"), command="reap"),
    Verb(operation="list_orphans", api="operator", routes=("GET /reap/orphans",), command="reap"),
    Verb(operation="pause", api="switches", routes=("POST /operator/pause",), command="pause"),
    Verb(operation="resume", api="switches", routes=("POST /operator/resume",), command="resume"),
    Verb(
        operation="accept_restore",
        api="switches",
        routes=("POST /operator/accept-restore",),
        command="accept-restore",
    ),
    Verb(operation="deprovision_owner", api="switches", routes=("POST /owners/deprovision",), command="deprovision"),
    Verb(operation="admit_owner", api="switches", routes=("POST /owners/admit",), command="admit"),
    Verb(operation="oversee", api="oversight", routes=("GET /operator/state",), command="state"),
    Verb(operation="show_audit", api="oversight", routes=("GET /operator/audit",), command="audit"),
    Verb(operation="why", api="why", routes=("GET /operator/why",), command="why"),
    Verb(operation="check_health", api="health", routes=("GET /health", "GET /health/ready"), command=None),
    Verb(operation="claim_build", api="builds", routes=("POST /builds/{id}/{attempt}/claim",), command=None),
    Verb(operation="record_build", api="builds", routes=("POST /builds/{id}/{attempt}/reports",), command=None),
)

NO_COMMAND = {
    "box": "`ccc-box` on the machine calls it",
    "check_health": "monitors ask it over HTTP",
    "claim_build": "the builder calls it",
    "record_build": "the builder calls it",
}

NO_ROUTE = {
    "advance": "nudges and ticks call it; whoever wants it done asks for its verb",
    "tick": "the schedule calls it",
    "reap": "the schedule calls it; a person asks for a run with request_reap",
    "sweep": "a part of every run",
    "losses": "a part of every sweep",
    "due_rows": "a part of every run that is not only a sweep",
    "recount": "a part of every hourly run",
    "work_off": "a part of tick and reap",
    "found_stack": "a deployment or a first start calls it",
    "record_feedback": "the mail service's own word of letters that came back calls it",
    "hurry": "a build platform's word that a job has ended calls it",
    "expire_leases": "one box calls it when its supervisor starts",
    "close_breaker": "a part of resuming, when an operator has found what was wrong",
}

PARTS = {
    "authorise": "who may do what: every route asks it",
    "clocks": "a question that deletions and sweeps ask",
    "raise_epoch": "a part of every tick and of every sweep",
    "expect_machine": "a question that planting a marker asks",
    "logbook": "how a run keeps its record while it works",
    "last_word": "the sentence in which `why` answers",
    "outlook": "what a run says of a due row, before or after",
    "marker": "a question that deletions and sweeps ask",
    "save": "how every verb writes",
    "secrets_of": "what is derived for a row",
    "admission": "a question that every stranger's order asks",
    "affordable": "a question that every order asks",
    "breaker": "a question that every order asks, and what builds tell it",
    "durations": "what good builds leave behind, and `show` tells",
    "ration": "how orders, creates and requests are counted that only so many may come of in an hour",
    "seldom": "how an alarm about what lasts is raised",
    "refused_builder": "what the two verbs of builders answer to whoever is none",
    "exclusion": "a question that every stranger's order asks, and the switch that answers it",
    "note": "how what changes no row is audited",
    "switch": "how a person changes the `stack` item",
    "give_up": "how stages end an instance that cannot be had",
    "new_row": "the first form of a row, however it came to be",
    "suppression": "a question that signups and deliveries ask",
    "services": "one of each port",
    "step": "what a step gives back",
}

NO_TEST = {
    "services": "a value without behaviour",
    "step": "values that every test of a stage reads",
}

OTHER_COMMANDS = {
    "open": "shows the page of what `status` shows",
    "ssh": "opens a connection to what `status` shows",
    "ssh-config": "prints what `status` shows for ssh",
    "wait": "asks `GET /instances/{id}` until it is ready",
    "logs": "asks `GET /instances/{id}/log`, which `show` answers",
    "doctor": "looks at the machine on which it runs, and at `GET /health/ready`",
    "context": "keeps addresses and tokens on the caller's machine",
    "completion": "prints a script for the shell",
}

OTHER_ROUTES = {
    "GET /openapi.json": "describes the routes; no verb",
    "GET /": "the page whose form is `sign_up`",
    "GET /i/{id}": "the page that asks `show` by script",
    "GET /operator": "the page that asks `oversee`, `list_instances`, `show_runs` and `show_audit` by script",
    "GET /assets/{name}": "scripts and styles of the pages",
}


def routes() -> set[str]:
    """Every route that a blueprint declares: keys `("METHOD", "/pattern")` of the tables in chalicelib/api."""
    found: set[str] = set()
    for path in sorted(API.glob("*.py")):
        if path.stem == "openapi_routes":
            continue  # the document's own table, which a test of its own compares with the routes
        for node in ast.walk(parsed(path)):
            for key in node.keys if isinstance(node, ast.Dict) else []:
                if isinstance(key, ast.Tuple) and all(isinstance(part, ast.Constant) for part in key.elts):
                    found.add(" ".join(str(part.value) for part in key.elts if isinstance(part, ast.Constant)))
    return found


def test_every_operation_is_a_verb_or_a_part_of_one() -> None:
    """Each file of chalicelib/operations is in exactly one table."""
    named = [verb.operation for verb in TABLE] + [*NO_ROUTE, *PARTS]
    assert sorted(named) == sorted(modules("chalicelib/operations"))


def test_every_route_leads_to_a_verb() -> None:
    """Each route of the API is in the table once, or has a reason to be in none."""
    named = [route for verb in TABLE for route in verb.routes] + list(OTHER_ROUTES)
    assert sorted(named) == sorted(routes())


def test_every_command_leads_to_a_verb() -> None:
    """Each command of ccc is in the table, or has a reason to be in none; its file is there."""
    named = {verb.command for verb in TABLE if verb.command is not None} | set(OTHER_COMMANDS)
    assert named == set(COMMANDS)
    assert set(COMMANDS.values()) == modules("ccc/commands")


def test_a_verb_without_a_command_has_a_reason() -> None:
    """The reasons are exactly those that are needed."""
    assert {verb.operation for verb in TABLE if verb.command is None} == set(NO_COMMAND)


@pytest.mark.parametrize("verb", TABLE, ids=lambda verb: verb.operation)
def test_the_file_behind_a_route_calls_its_operation(verb: Verb) -> None:
    """The table does not only name files: the api's file imports the operation."""
    assert f"chalicelib.operations.{verb.operation}" in imports(API / f"{verb.api}.py")


@pytest.mark.parametrize("operation", sorted(modules("chalicelib/operations")))
def test_every_operation_has_a_test_file(operation: str) -> None:
    """`tests/unit/operations/test_<operation>.py` is there, exactly where no reason is given."""
    assert (f"test_{operation}" in modules("tests/unit/operations")) is (operation not in NO_TEST)


@pytest.mark.parametrize("stage", sorted(modules("chalicelib/operations/stages")))
def test_every_stage_has_a_test_file(stage: str) -> None:
    """`tests/unit/operations/stages/test_<stage>.py` is there."""
    assert f"test_{stage}" in modules("tests/unit/operations/stages")


@pytest.mark.parametrize("module", sorted(modules("chalicelib/domain") | packages("chalicelib/domain")))
def test_every_module_of_the_domain_has_a_test_file(module: str) -> None:
    """`tests/unit/domain/test_<module>.py` is there; the bytes of a key are read through the key's own tests."""
    tested = {"ssh_blob": "ssh_key"}.get(module, module)
    assert f"test_{tested}" in modules("tests/unit/domain")
