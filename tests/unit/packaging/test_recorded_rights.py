"""Requests to IAM, the statements that allow them, and the reasons for rights that nobody uses."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from lint import iam, recording
from lint.recording import Recorded
from lint.requests import Account, Request, of_answer, of_call
from lint.resolved import Stack
from lint.rights import Excused, Life, problems

ACCOUNT = Account(number="123456789012", region="eu-central-1")
TABLE = "arn:aws:dynamodb:eu-central-1:123456789012:table/rows"
CLUSTER = {"ecs:cluster": "arn:aws:ecs:eu-central-1:123456789012:cluster/c"}
SENDER = {"ses:FromAddress": "box@example.org"}


def asked(service: str, operation: str, **given: Any) -> list[tuple[str, str, Mapping[str, str]]]:
    """Action, the end of the resource's ARN, and context of each request of a call."""
    found = of_call(ACCOUNT, service, operation, given)
    return [(each.action, each.resource.split(":", 5)[-1], each.context) for each in found]


@pytest.mark.parametrize(
    ("service", "operation", "given", "wanted"),
    [
        ("dynamodb", "GetItem", {"TableName": "rows"}, [("dynamodb:GetItem", "table/rows", {})]),
        ("dynamodb", "Query", {"TableName": "rows", "IndexName": "due"},
         [("dynamodb:Query", "table/rows/index/due", {})]),
        ("dynamodb", "BatchGetItem", {"RequestItems": {"rows": {}}}, [("dynamodb:BatchGetItem", "table/rows", {})]),
        ("dynamodb", "TransactWriteItems",
         {"TransactItems": [{"Put": {"TableName": "rows"}}, {"ConditionCheck": {"TableName": "rows"}}]},
         [("dynamodb:PutItem", "table/rows", {}), ("dynamodb:ConditionCheckItem", "table/rows", {})]),
        ("ssm", "GetParametersByPath", {"Path": "/ccc/dev"},
         [("ssm:GetParametersByPath", "parameter/ccc/dev", {})]),
        ("lambda", "Invoke", {"FunctionName": "work"}, [("lambda:InvokeFunction", "function:work", {})]),
        ("ses", "SendEmail",
         {"FromEmailAddress": "A Box <box@example.org>", "Content": {"Raw": {}}, "ConfigurationSetName": "s"},
         [("ses:SendEmail", "identity/example.org", SENDER), ("ses:SendEmail", "configuration-set/s", SENDER),
          ("ses:SendRawEmail", "identity/example.org", SENDER), ("ses:SendRawEmail", "configuration-set/s", SENDER)]),
        ("codebuild", "StartBuild", {"projectName": "p"}, [("codebuild:StartBuild", "project/p", {})]),
        ("codebuild", "StopBuild", {"id": "p:1"}, [("codebuild:StopBuild", "project/p", {})]),
        ("codebuild", "BatchGetBuilds", {"ids": ["p:1", "p:2", "q:3"]},
         [("codebuild:BatchGetBuilds", "project/p", {}), ("codebuild:BatchGetBuilds", "project/q", {})]),
        ("ecs", "RunTask", {"cluster": "c", "taskDefinition": "d"}, [("ecs:RunTask", "task-definition/d:1", CLUSTER)]),
        ("ecs", "StopTask", {"cluster": "c", "task": "arn:aws:ecs:r:a:task/c/1"},
         [("ecs:StopTask", "task/c/1", CLUSTER)]),
        ("ecs", "ListTasks", {"cluster": "c", "startedBy": "x"}, [("ecs:ListTasks", "*", CLUSTER)]),
    ],
)  # fmt: skip
def test_what_a_call_asks(
    service: str, operation: str, given: dict[str, Any], wanted: list[tuple[str, str, Mapping[str, str]]]
) -> None:
    """Each call asks for its actions on the resources that its parameters name, with the keys of the conditions."""
    assert asked(service, operation, **given) == wanted


def test_a_call_that_is_not_known() -> None:
    """A call that nobody has thought of is an error, and never a request that happens to be allowed."""
    with pytest.raises(KeyError, match="dynamodb:Scan"):
        asked("dynamodb", "Scan", TableName="rows")


def test_what_an_answer_asks() -> None:
    """A secret value was decrypted in the caller's name, through SSM, for that one parameter; a plain one not."""
    answer = {"Parameters": [{"Name": "/p/token", "Type": "SecureString"}, {"Name": "/p/url", "Type": "String"}]}
    (found,) = of_answer(ACCOUNT, "ssm", "GetParametersByPath", answer)
    assert found.action == "kms:Decrypt"
    assert found.context["kms:EncryptionContext:PARAMETER_ARN"].endswith(":parameter/p/token")


GET = Request(action="a:Get", resource="arn:t/one", context={"k": "v"})


@pytest.mark.parametrize(
    ("more", "by"),
    [
        ({}, ("arn:t/one",)),
        ({"Resource": ["arn:t/*", "arn:u/*", "arn:?/one"]}, ("arn:t/*", "arn:?/one")),
        ({"Resource": "arn:t"}, ()),
        ({"Resource": "arn:T/one"}, ()),
        ({"Action": ["a:Put"]}, ()),
        ({"Condition": {"StringEquals": {"k": ["w", "v"]}}}, ("arn:t/one",)),
        ({"Condition": {"StringEquals": {"k": "*"}}}, ()),
        ({"Condition": {"StringLike": {"k": "*"}, "ArnEquals": {"k": "v"}}}, ("arn:t/one",)),
        ({"Condition": {"StringLike": {"k": "*"}, "ArnEquals": {"k": "w"}}}, ()),
        ({"Condition": {"StringLike": {"other": "*"}}}, ()),
    ],
)
def test_what_a_statement_allows(more: dict[str, Any], by: tuple[str, ...]) -> None:
    """Action, a resource's pattern and every condition must fit; a key that does not come with the request does not."""
    statement = {"Effect": "Allow", "Action": ["a:Get"], "Resource": "arn:t/one", **more}
    assert iam.targets_for(statement, GET) == by


@pytest.mark.parametrize(
    "more",
    [{"Effect": "Deny"}, {"NotResource": "x"}, {"Condition": {"StringNotEquals": {"k": "w"}}}],
    ids=["deny", "not", "operator"],
)
def test_what_is_not_understood(more: dict[str, Any]) -> None:
    """A form that is not evaluated here is an error, and no permission."""
    with pytest.raises(iam.NotUnderstood):
        iam.targets_for({"Effect": "Allow", "Action": "a:Get", "Resource": "arn:t/one", **more}, GET)


def life(*actions: str, allowed: tuple[str, ...]) -> Life:
    """What a function called `Work` with these rights on the table was recorded to ask."""
    statement = {"Effect": "Allow", "Action": list(allowed), "Resource": TABLE}
    policies = [{"PolicyName": "only", "PolicyDocument": {"Statement": [statement]}}]
    function = {"FunctionName": "s-work", "Handler": "app.work", "Role": {"Fn::GetAtt": ["Role", "Arn"]}}
    resources = {
        "Work": {"Type": "AWS::Serverless::Function", "Properties": function},
        "Role": {"Type": "AWS::IAM::Role", "Properties": {"Policies": policies}},
    }
    recorded = [Recorded(function="s-work", request=Request(action=each, resource=TABLE)) for each in actions]
    return Life(stack=Stack(template={"Resources": resources}, name="s"), recorded=tuple(recorded))


WHY = {Excused(function="Work", action="a:Put"): "a sentence"}


@pytest.mark.parametrize(
    ("asked_for", "allowed", "reasons", "said"),
    [
        (("a:Get",), ("a:Get",), {}, []),
        (("a:Get", "a:Put"), ("a:Get",), {}, [f"Work asked for a:Put on {TABLE}, which it may not"]),
        (("a:Get",), ("a:Get", "a:Put"), {}, [f"Work: a:Put on {TABLE}: never used, and no reason why"]),
        (("a:Get",), ("a:Get", "a:Put"), WHY, []),
        (("a:Get", "a:Put"), ("a:Get", "a:Put"), WHY, [f"Work: a:Put on {TABLE} has a reason and was used"]),
        (("a:Get",), ("a:Get",), WHY, ["Work: a:Put on * has a reason and is no right"]),
        (("a:Get",), ("a:Get", "a:Put"), {Excused(function="Rest", action="a:Put"): ""},
         [f"Work: a:Put on {TABLE}: never used, and no reason why", "Rest: a:Put on * has a reason and is no right"]),
    ],
    ids=["right", "not allowed", "not used", "excused", "stale", "for nothing", "another function's"],
)  # fmt: skip
def test_rights_and_requests(
    asked_for: tuple[str, ...], allowed: tuple[str, ...], reasons: Mapping[Excused, str], said: list[str]
) -> None:
    """What is asked must be allowed, what is allowed asked for or excused, what is excused neither used nor absent."""
    assert list(problems([life(*asked_for, allowed=allowed)], reasons)) == said


def test_a_right_may_be_used_in_either_life() -> None:
    """What one way of setting a stack never needs, another one may."""
    both = ("a:Get", "a:Put")
    assert list(problems([life("a:Get", allowed=both), life("a:Put", allowed=both)], {})) == []


def test_a_function_of_another_stack() -> None:
    """A recording of something else proves nothing, and is an error."""
    stranger = Recorded(function="t-work", request=GET)
    foreign = Life(stack=life(allowed=()).stack, recorded=(stranger,))
    with pytest.raises(KeyError):
        list(problems([foreign], {}))


def test_lines_as_they_are_recorded() -> None:
    """A line is read as it was written, the same request counts once, and a line that cannot be read is named."""
    line = recording.line_of("work", GET)
    assert recording.read([line, "", line]) == (Recorded(function="work", request=GET),)
    for bad in (
        "{",
        "[]",
        json.dumps({"function": "work", "action": "a:Get"}),
        json.dumps({**json.loads(line), "context": 1}),
    ):
        with pytest.raises(ValueError, match="line 2"):
            recording.read([line, bad])
