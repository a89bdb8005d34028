"""What `ccc doctor --cloud` finds of a stage at AWS, in the order in which one would mend it.

Every look is a read. One that AWS refuses is a finding of its own and stops none of the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ccc import checked_cloud_alarms, checked_cloud_quotas, checked_cloud_secrets
from ccc.cloud_account import Cloud, CloudRefused
from ccc.cloud_stage import CloudStage
from ccc.finding import Finding, good, missing, note

GOOD = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE"})
CREDENTIALS = "export AWS_PROFILE=… AWS_DEFAULT_REGION=…"


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What is known beside AWS's word: this machine's clock in seconds since 1970, and where the provider is."""

    now: Callable[[], float]
    provider: Callable[[str, str], tuple[int, dict[str, Any]]] = field(repr=False)


Look = Callable[[], Iterator[Finding]]


def cloud(account: Cloud, stage: str, around: Surroundings) -> list[Finding]:
    """Return what was found of a stage; an account that cannot be asked is the only finding."""
    try:
        who = account.ask("sts", "get_caller_identity")
    except CloudRefused as error:
        return [missing("aws account", f"it cannot be asked ({error.code})", CREDENTIALS)]
    found = [good("aws account", str(who["Account"])), checked_cloud_secrets.clock(who, around.now())]
    return [*found, *_of_stage(account, stage, around)]


def _of_stage(account: Cloud, name: str, around: Surroundings) -> Iterator[Finding]:
    try:
        answer = account.ask("cloudformation", "describe_stacks", StackName=f"ccc-{name}")
    except CloudRefused as error:
        yield _absent(name) if error.absent else _refused("stack", error)
        stage = CloudStage(name=name, outputs={}, parameters={})
    else:
        (stack,) = answer["Stacks"]
        stage = CloudStage.of(name, stack)
        yield _stack(stack)
        yield from _drift(stack)
    for subject, look in _looks(account, stage, around):
        try:
            yield from look()
        except CloudRefused as error:
            yield _refused(subject, error)


def _looks(account: Cloud, stage: CloudStage, around: Surroundings) -> Iterator[tuple[str, Look]]:
    yield "secrets", lambda: checked_cloud_secrets.parameters(account, stage)
    yield "provider", lambda: checked_cloud_secrets.provider(account, stage, around.provider)
    yield "lambda quota", lambda: checked_cloud_quotas.functions(account)
    yield "builders", lambda: checked_cloud_quotas.builders(account, stage)
    yield "ses", lambda: checked_cloud_quotas.letters(account)
    yield "ses identity", lambda: checked_cloud_quotas.identity(account, stage)
    yield "alarms", lambda: checked_cloud_alarms.ringing(account, stage)
    yield "alarm topic", lambda: checked_cloud_alarms.readers(account, stage)


def _stack(stack: dict[str, Any]) -> Finding:
    status, name = stack["StackStatus"], stack["StackName"]
    if status in GOOD:
        return good("stack", f"{name}: {status}")
    if status.endswith("_IN_PROGRESS"):
        return note("stack", f"{name}: {status}", "wait, and look again")
    if status == "UPDATE_ROLLBACK_COMPLETE":
        return note(
            "stack",
            f"{name}: the last deployment failed and was taken back",
            f"make deploy STAGE={name.removeprefix('ccc-')}",
        )
    look = f"aws cloudformation describe-stack-events --stack-name {name}"
    return missing("stack", f"{name}: {status}", look)


def _drift(stack: dict[str, Any]) -> Iterator[Finding]:
    """Yield only what CloudFormation knows already: to look for drift anew takes it minutes."""
    if stack.get("DriftInformation", {}).get("StackDriftStatus") == "DRIFTED":
        look = f"aws cloudformation describe-stack-resource-drifts --stack-name {stack['StackName']}"
        yield note("drift", "somebody changed the stack's resources by hand", look)


def _absent(name: str) -> Finding:
    return missing("stack", f"there is no stack ccc-{name} in this region", f"make deploy STAGE={name}")


def _refused(subject: str, error: CloudRefused) -> Finding:
    if error.not_allowed:
        return note(subject, "these credentials may not look", "look with credentials that may read everything")
    return missing(subject, f"AWS does not say ({error.code})", "ccc doctor --cloud    (again)")
