"""A fake account at AWS: every request and every answer must fit botocore's own model of the operation.

CloudFormation is a small stand-in, since moto knows no SAM; S3 and SSM are moto's, within its `mock_aws`; other
services answer what a test has put in their place.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import botocore.session  # type: ignore[import-untyped]  # botocore ships no types
import pytest
from botocore import xform_name
from botocore.validate import ParamValidator  # type: ignore[import-untyped]  # botocore ships no types
from operate.aws import Aws

from chalicelib.aws.errors import Answered

Handler = Callable[..., dict[str, Any]]
NOW = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)
REGION = "eu-central-1"


def refusal(code: str, message: str = "", status: int = 400) -> Answered:
    """A refusal of a service."""
    return Answered(code, status=status, message=message, document={})


def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away whatever could lead a test to an account: endpoints, profiles, credentials."""
    for name in [each for each in os.environ if each.startswith("AWS_")]:  # noqa: TID251 -- to take it away
        monkeypatch.delenv(name)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/dev/null")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")


@functools.cache
def _model(service: str) -> Any:
    return botocore.session.get_session().get_service_model(service)


@functools.cache
def _shapes(service: str, operation: str) -> tuple[Any, Any]:
    model = _model(service)
    (name,) = (each for each in model.operation_names if xform_name(each) == operation)
    found = model.operation_model(name)
    return found.input_shape, found.output_shape


def fitting(document: Mapping[str, Any], shape: Any) -> None:
    """AssertionError when a document is none of a shape of botocore's model."""
    if shape is not None:
        report = ParamValidator().validate(dict(document), shape)
        assert not report.has_errors(), report.generate_report()


class Account(Aws):
    """`handlers` answer `service.operation`; whatever has none goes to botocore, and so to moto."""

    def __init__(self, **handlers: Handler) -> None:
        super().__init__(REGION)
        self.handlers: dict[str, Handler] = {
            "sts.get_caller_identity": lambda: {"Account": "123456789012"},
            **{name.replace("__", "."): handler for name, handler in handlers.items()},
        }
        self.asked: list[str] = []

    def put(self, name: str, answer: dict[str, Any] | Handler | Exception) -> None:
        """Answer an operation with this, whatever is asked."""

        def handler(**_: Any) -> dict[str, Any]:
            if isinstance(answer, Exception):
                raise answer
            return answer  # type: ignore[return-value]  # a callable is no answer here

        self.handlers[name] = answer if callable(answer) else handler

    def call(self, service: str, operation: str, **request: Any) -> dict[str, Any]:
        """The handler's answer, or botocore's."""
        name = f"{service}.{operation}"
        self.asked.append(name)
        if name not in self.handlers:
            return super().call(service, operation, **request)
        given, told = _shapes(service, operation)
        fitting(request, given)
        answer = self.handlers[name](**request)
        fitting({key: value for key, value in answer.items() if key not in {"ResponseMetadata", "Payload"}}, told)
        date = NOW.strftime("%a, %d %b %Y %H:%M:%S GMT")
        return {"ResponseMetadata": {"HTTPHeaders": {"date": date}}, **answer}


@dataclass
class CloudFormation:
    """Stacks by name. What the next change set says and how its execution ends is the test's choice.

    Each look at a stack that moves is one step further, so that nobody has to wait.
    """

    changes: list[dict[str, Any]] = field(default_factory=list)
    refuses: str = ""
    ends: str = ""
    outputs: dict[str, str] = field(default_factory=dict)
    stacks: dict[str, dict[str, Any]] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
    sets: dict[str, dict[str, Any]] = field(default_factory=dict)
    steps: int = 2
    table: str = ""
    table_status: str = "CREATE_COMPLETE"

    def serve(self, account: Account) -> Account:
        """Put this in the place of the account's CloudFormation."""
        for name in (
            *("describe_stacks", "describe_stack_events", "create_change_set", "describe_change_set"),
            *("delete_change_set", "execute_change_set", "delete_stack", "list_stack_resources"),
        ):
            account.put(f"cloudformation.{name}", getattr(self, name))
        return account

    def have(self, name: str, status: str, *, then: str = "", parameters: Mapping[str, str] | None = None) -> None:
        """There is a stack already; it moves on to `then` when it is looked at."""
        self.stacks[name] = {
            "StackName": name,
            "StackId": f"arn:aws:cloudformation:{REGION}:123456789012:stack/{name}/1",
            "StackStatus": status,
            "CreationTime": NOW,
            "then": [status] * self.steps + [then] if then else [],
            "Parameters": [{"ParameterKey": k, "ParameterValue": v} for k, v in (parameters or {}).items()],
        }

    def describe_stacks(self, StackName: str) -> dict[str, Any]:  # noqa: N803 -- AWS's names
        """DescribeStacks."""
        stack = self._stack(StackName)
        if stack is None or (stack["StackStatus"] == "DELETE_COMPLETE" and StackName == stack["StackName"]):
            raise refusal("ValidationError", f"Stack with id {StackName} does not exist")
        if stack["then"]:
            stack["StackStatus"] = stack["then"].pop(0)
        told = {key: value for key, value in stack.items() if key != "then"}
        done = stack["StackStatus"] in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}
        outputs = [{"OutputKey": key, "OutputValue": value} for key, value in self.outputs.items()] if done else []
        return {"Stacks": [{**told, "Outputs": outputs}]}

    def describe_stack_events(self, StackName: str) -> dict[str, Any]:  # noqa: N803 -- AWS's names
        """DescribeStackEvents, newest first."""
        assert self._stack(StackName) is not None
        return {"StackEvents": self.events[::-1]}

    def create_change_set(self, **request: Any) -> dict[str, Any]:
        """CreateChangeSet."""
        name = request["StackName"]
        exists = name in self.stacks and self.stacks[name]["StackStatus"] not in {
            "REVIEW_IN_PROGRESS",
            "DELETE_COMPLETE",
        }
        if exists != (request["ChangeSetType"] == "UPDATE"):
            raise refusal("ValidationError", "The type does not fit the stack.")
        if not exists:
            self.have(name, "REVIEW_IN_PROGRESS")
        arn = f"arn:aws:cloudformation:{REGION}:123456789012:changeSet/{request['ChangeSetName']}/1"
        self.sets[arn] = request
        return {"Id": arn, "StackId": self.stacks[name]["StackId"]}

    def describe_change_set(self, ChangeSetName: str, NextToken: str = "") -> dict[str, Any]:  # noqa: N803 -- AWS's names
        """DescribeChangeSet, a change a page."""
        assert ChangeSetName in self.sets
        if self.refuses:
            return {"Status": "FAILED", "StatusReason": self.refuses}
        at = int(NextToken or "0")
        more = {"NextToken": str(at + 1)} if at + 1 < len(self.changes) else {}
        return {"Status": "CREATE_COMPLETE", "Changes": self.changes[at : at + 1], **more}

    def delete_change_set(self, ChangeSetName: str) -> dict[str, Any]:  # noqa: N803 -- AWS's names
        """DeleteChangeSet."""
        del self.sets[ChangeSetName]
        return {}

    def execute_change_set(self, ChangeSetName: str) -> dict[str, Any]:  # noqa: N803 -- AWS's names
        """ExecuteChangeSet."""
        asked = self.sets.pop(ChangeSetName)
        stack = self.stacks[asked["StackName"]]
        kind = asked["ChangeSetType"]
        stack["StackStatus"] = f"{kind}_IN_PROGRESS"
        stack["then"] = [stack["StackStatus"]] * self.steps + [self.ends or f"{kind}_COMPLETE"]
        return {}

    def delete_stack(self, StackName: str) -> dict[str, Any]:  # noqa: N803 -- AWS's names
        """DeleteStack."""
        stack = self._stack(StackName)
        assert stack is not None
        stack["StackStatus"] = "DELETE_IN_PROGRESS"
        stack["then"] = ["DELETE_IN_PROGRESS", self.ends or "DELETE_COMPLETE"]
        return {}

    def list_stack_resources(self, StackName: str) -> dict[str, Any]:  # noqa: N803 -- AWS's names
        """ListStackResources: the two schedules, and the table where the test says that there is one."""
        assert self._stack(StackName) is not None
        rules = {name: f"{StackName}-{name}" for name in ("TickTickEvent", "ReapReapEvent")}
        listed = [_resource(name, place, "AWS::Events::Rule") for name, place in rules.items()]
        if self.table:
            listed.append(_resource("Table", self.table, "AWS::DynamoDB::Table", self.table_status))
        return {"StackResourceSummaries": listed}

    def event(self, logical: str, status: str, reason: str = "") -> None:
        """Something has happened."""
        self.events.append(
            {
                "StackId": "arn",
                "EventId": f"event-{len(self.events)}",
                "StackName": "ccc-dev",
                "Timestamp": NOW,
                "LogicalResourceId": logical,
                "ResourceStatus": status,
                **({"ResourceStatusReason": reason} if reason else {}),
            }
        )

    def _stack(self, name: str) -> dict[str, Any] | None:
        by_id = {each["StackId"]: each for each in self.stacks.values()}
        found = self.stacks.get(name) or by_id.get(name)
        if found is not None and found["StackStatus"] == "DELETE_COMPLETE" and name in self.stacks:
            return None
        return found


def _resource(name: str, place: str, kind: str, status: str = "CREATE_COMPLETE") -> dict[str, Any]:
    return {
        "LogicalResourceId": name,
        "PhysicalResourceId": place,
        "ResourceType": kind,
        "LastUpdatedTimestamp": NOW,
        "ResourceStatus": status,
    }


@dataclass
class Person:
    """A fake terminal: lines that were said, secrets that were shown, answers that will be given."""

    lines: list[str] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=dict)
    screen: bool = True

    def say(self, line: str) -> None:
        """Note a line."""
        self.lines.append(line)

    def show_secret(self, line: str) -> None:
        """Note a secret."""
        self.require_screen()
        self.shown.append(line)

    def require_screen(self) -> None:
        """OperateFailed without a screen."""
        from operate.failure import OperateFailed  # noqa: PLC0415 -- the one use

        if not self.screen:
            raise OperateFailed("no screen")

    def ask(self, question: str) -> str:
        """The next answer."""
        self.lines.append(question)
        return self.answers.pop(0)

    def ask_secret(self, question: str) -> str:
        """The next answer."""
        return self.ask(question)

    def variable(self, name: str) -> str:
        """A variable that the test has set."""
        return self.variables.get(name, "")

    def text(self) -> str:
        """Everything that was said, without what was shown as a secret."""
        return "\n".join(self.lines)
