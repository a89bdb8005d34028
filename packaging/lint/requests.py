"""What IAM is asked when a function calls AWS: one request per action and resource, with the keys of its conditions.

Actions, resource types and condition keys are those of AWS's Service Authorization Reference (November 2026). Only the
operations that the product calls are known; another one is a KeyError, never a guess. Imports nothing but the standard
library, since a recorder has it beside the packaged code.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from email.utils import parseaddr
from typing import Any

_IN_TRANSACTION = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One question to IAM: `context` holds the condition keys that come with it."""

    action: str
    resource: str
    context: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """In which account and region the calls are made."""

    number: str
    region: str

    def arn(self, service: str, resource: str) -> str:
        """The ARN of a resource."""
        return f"arn:aws:{service}:{self.region}:{self.number}:{resource}"


def of_call(account: Account, service: str, operation: str, given: Mapping[str, Any]) -> Iterator[Request]:
    """What one call asks IAM; `service` is the name it is signed for (`dynamodb`, `ses`, `ecs`)."""
    yield from _CALLS[f"{service}:{operation}"](account, operation, given)


def of_answer(account: Account, service: str, operation: str, answer: Mapping[str, Any]) -> Iterator[Request]:
    """What a service asks IAM in the caller's name, as its answer shows: SSM has secret values decrypted by KMS.

    Source: "How AWS Systems Manager Parameter Store uses AWS KMS" (encryption context, forward access session).
    """
    if (service, operation) == ("ssm", "GetParametersByPath"):
        for each in answer.get("Parameters", []):
            if each.get("Type") == "SecureString":
                parameter = account.arn("ssm", f"parameter{each['Name']}")
                yield Request(
                    action="kms:Decrypt",
                    resource=account.arn("kms", "key/the-managed-one"),
                    context={
                        "kms:ViaService": f"ssm.{account.region}.amazonaws.com",
                        "kms:ResourceAliases": "alias/aws/ssm",
                        "kms:EncryptionContext:PARAMETER_ARN": parameter,
                    },
                )


def _of_table(account: Account, operation: str, given: Mapping[str, Any]) -> Iterator[Request]:
    index = f"/index/{given['IndexName']}" if "IndexName" in given else ""
    resource = account.arn("dynamodb", f"table/{given['TableName']}{index}")
    yield Request(action=f"dynamodb:{operation}", resource=resource)


def _of_batch(account: Account, operation: str, given: Mapping[str, Any]) -> Iterator[Request]:
    for table in given["RequestItems"]:
        yield from _of_table(account, operation, {"TableName": table})


def _of_transaction(account: Account, _operation: str, given: Mapping[str, Any]) -> Iterator[Request]:
    for each in given["TransactItems"]:
        for kind, item in each.items():
            yield from _of_table(account, _IN_TRANSACTION[kind], {"TableName": item["TableName"]})


def _of_parameters(account: Account, operation: str, given: Mapping[str, Any]) -> Iterator[Request]:
    yield Request(action=f"ssm:{operation}", resource=account.arn("ssm", f"parameter{given['Path']}"))


def _of_invocation(account: Account, _operation: str, given: Mapping[str, Any]) -> Iterator[Request]:
    resource = account.arn("lambda", f"function:{given['FunctionName']}")
    yield Request(action="lambda:InvokeFunction", resource=resource)


def _of_letter(account: Account, operation: str, given: Mapping[str, Any]) -> Iterator[Request]:
    """Of a raw letter IAM is asked for both names of the action, of the sender's domain and of the set."""
    sender = parseaddr(given["FromEmailAddress"])[1]
    resources = [f"identity/{sender.rpartition('@')[2]}"]
    if "ConfigurationSetName" in given:
        resources.append(f"configuration-set/{given['ConfigurationSetName']}")
    for action in (operation, "SendRawEmail") if "Raw" in given["Content"] else (operation,):
        for resource in resources:
            context = {"ses:FromAddress": sender}
            yield Request(action=f"ses:{action}", resource=account.arn("ses", resource), context=context)


def _of_project(account: Account, operation: str, given: Mapping[str, Any]) -> Iterator[Request]:
    """A build's id begins with its project's name."""
    named = [given.get("projectName"), given.get("id"), *given.get("ids", [])]
    for project in dict.fromkeys(str(each).partition(":")[0] for each in named if each):
        yield Request(action=f"codebuild:{operation}", resource=account.arn("codebuild", f"project/{project}"))


def _of_definition(account: Account, operation: str, given: Mapping[str, Any]) -> Iterator[Request]:
    """A family without a revision is its newest one, and IAM is asked about that revision's ARN."""
    named = given["taskDefinition"]
    resource = f"task-definition/{named if ':' in named else f'{named}:1'}"
    yield Request(action=f"ecs:{operation}", resource=account.arn("ecs", resource), context=_cluster(account, given))


def _of_tasks(account: Account, operation: str, given: Mapping[str, Any]) -> Iterator[Request]:
    for task in given.get("tasks") or [given["task"]]:
        yield Request(action=f"ecs:{operation}", resource=task, context=_cluster(account, given))


def _of_cluster(account: Account, operation: str, given: Mapping[str, Any]) -> Iterator[Request]:
    yield Request(action=f"ecs:{operation}", resource="*", context=_cluster(account, given))


def _cluster(account: Account, given: Mapping[str, Any]) -> dict[str, str]:
    return {"ecs:cluster": account.arn("ecs", f"cluster/{given['cluster']}")}


_Reader = Callable[[Account, str, Mapping[str, Any]], Iterator[Request]]
_CALLS: Mapping[str, _Reader] = {
    **{f"dynamodb:{name}": _of_table for name in ("GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query")},
    "dynamodb:BatchGetItem": _of_batch,
    "dynamodb:TransactWriteItems": _of_transaction,
    "ssm:GetParametersByPath": _of_parameters,
    "lambda:Invoke": _of_invocation,
    "ses:SendEmail": _of_letter,
    **{
        f"codebuild:{name}": _of_project
        for name in ("StartBuild", "StopBuild", "BatchGetBuilds", "ListBuildsForProject")
    },
    "ecs:RunTask": _of_definition,
    "ecs:DescribeTasks": _of_tasks,
    "ecs:StopTask": _of_tasks,
    "ecs:ListTasks": _of_cluster,
}
