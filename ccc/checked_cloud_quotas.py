"""What the account may do at a time: functions, builds, letters; a new account may do little, and is not told so."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ccc.cloud_account import Cloud
from ccc.cloud_stage import CloudStage
from ccc.finding import Finding, good, missing, note

UNRESERVED = 50
"""Functions at a time for everybody but tick and reaper: people, workers, letters that came back."""

BUILDS = 10
"""Fewer than this and guests wait for each other when a few come at once."""

LETTERS_A_DAY = 1000
"""An instance sends some five letters."""

LAMBDA_QUOTA = "aws service-quotas request-service-quota-increase --service-code lambda --quota-code L-B99A9384"
BUILD_QUOTA = "Concurrently running builds for "
FARGATE = ("fargate", "L-3032A538")
"""Service and code of "Fargate On-Demand vCPU resource count"."""

VCPUS_A_TASK = 2


def functions(account: Cloud) -> Iterator[Finding]:
    """Yield how many functions may run at a time."""
    limit = account.ask("lambda", "get_account_settings")["AccountLimit"]
    every, free = limit["ConcurrentExecutions"], limit["UnreservedConcurrentExecutions"]
    said = f"{every} at a time, {free} of them not reserved"
    if free >= UNRESERVED:
        yield good("lambda quota", said)
    else:
        yield missing("lambda quota", f"{said}; {UNRESERVED} are wanted", f"{LAMBDA_QUOTA} --desired-value 1000")


def builders(account: Cloud, stage: CloudStage) -> Iterator[Finding]:
    """Yield how many builders may run at a time on the platform that the stage uses."""
    if "BuilderProjectName" in stage.outputs:
        yield _of_codebuild(account, stage.outputs["BuilderProjectName"])
    elif "BuilderClusterName" in stage.outputs:
        service, code = FARGATE
        quota = account.ask("service-quotas", "get_service_quota", ServiceCode=service, QuotaCode=code)["Quota"]
        yield _judged("fargate quota", int(quota["Value"]) // VCPUS_A_TASK, f"{service} --quota-code {code}")


def letters(account: Cloud) -> Iterator[Finding]:
    """Yield whether SES sends to everybody, and how much."""
    answer = account.ask("sesv2", "get_account")
    if not answer.get("SendingEnabled", False):
        yield missing(
            "ses", "sending is switched off for the account", "look for a mail of AWS, and into SES's console"
        )
    elif not answer.get("ProductionAccessEnabled", False):
        ask = "aws sesv2 put-account-details --production-access-enabled …    (docs/operating.md)"
        yield missing("ses", "it is in the sandbox: only verified readers get letters", ask)
    else:
        yield good("ses", "out of the sandbox")
    status = answer.get("EnforcementStatus", "HEALTHY")
    if status != "HEALTHY":
        yield missing(
            "ses reputation", f"the account is on {status}", "look at bounces and complaints in SES's console"
        )
    yield from _quota_of_letters(answer.get("SendQuota", {}))


def identity(account: Cloud, stage: CloudStage) -> Iterator[Finding]:
    """Yield whether SES has verified the sender."""
    name = stage.parameters.get("MailIdentity")
    if name is None:
        return
    answer = account.ask("sesv2", "get_email_identity", EmailIdentity=name)
    if answer.get("VerifiedForSendingStatus"):
        yield good("ses identity", f"{name} is verified")
    else:
        yield missing(
            "ses identity", f"{name} is not verified", f"put its DKIM records into your DNS{_records(answer)}"
        )


def _of_codebuild(account: Cloud, project: str) -> Finding:
    (found,) = account.ask("codebuild", "batch_get_projects", names=[project])["projects"]
    wanted = _quota_name(found["environment"])
    for quota in _quotas(account, "codebuild"):
        if quota["QuotaName"].lower() == wanted.lower():
            return _judged("codebuild quota", int(quota["Value"]), f"codebuild --quota-code {quota['QuotaCode']}")
    return note("codebuild quota", f'AWS lists no "{wanted}"', "look under Service Quotas, AWS CodeBuild")


def _quota_name(environment: dict[str, Any]) -> str:
    """Return the quota's name, such as "Concurrently running builds for Linux/Small environment"."""
    system = {"LINUX_CONTAINER": "Linux", "ARM_CONTAINER": "ARM"}.get(environment["type"], environment["type"])
    size = environment["computeType"].removeprefix("BUILD_GENERAL1_").capitalize()
    return f"{BUILD_QUOTA}{system}/{size} environment"


def _quotas(account: Cloud, service: str) -> Iterator[dict[str, Any]]:
    more: dict[str, Any] = {}
    while True:
        answer = account.ask("service-quotas", "list_service_quotas", ServiceCode=service, **more)
        yield from answer["Quotas"]
        if not answer.get("NextToken"):
            return
        more = {"NextToken": answer["NextToken"]}


def _judged(name: str, most: int, request: str) -> Finding:
    ask = f"aws service-quotas request-service-quota-increase --service-code {request} --desired-value …"
    if most >= BUILDS:
        return good(name, f"{most} builders at a time")
    said = f"{most} builder{'' if most == 1 else 's'} at a time; others wait for up to an hour, then fail"
    return note(name, said, ask) if most else missing(name, "no builder may run", ask)


def _quota_of_letters(quota: dict[str, float]) -> Iterator[Finding]:
    most, sent = quota.get("Max24HourSend", 0), quota.get("SentLast24Hours", 0)
    said = f"{most:g} letters a day, {sent:g} sent; {quota.get('MaxSendRate', 0):g} a second"
    if most < 0 or (most >= LETTERS_A_DAY and sent < most * 0.8):
        yield good("ses quota", said)
    else:
        yield note("ses quota", said, "ask for more under Service Quotas, Amazon SES")


def _records(answer: dict[str, Any]) -> str:
    tokens = answer.get("DkimAttributes", {}).get("Tokens", [])
    return f" ({', '.join(f'{each}._domainkey' for each in tokens)})" if tokens else ""
