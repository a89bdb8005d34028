"""A right that is wider than it must be is found, and what each function may do is no more than its work."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from lint import functions, policy_rules
from lint.everything import WAYS
from lint.resolved import Stack


def statement(resources: dict[str, Any], sid: str) -> dict[str, Any]:
    """A statement of the worker's policy."""
    (policy,) = resources["AdvanceRole"]["Properties"]["Policies"]
    statements: list[dict[str, Any]] = policy["PolicyDocument"]["Statement"]
    return next(each for each in statements if each.get("Sid") == sid)


MISTAKES: list[tuple[str, Callable[[dict[str, Any]], Any], str]] = [
    ("every action", lambda all_: statement(all_, "WriteTheTable").update(Action=["dynamodb:*"]),
     "AdvanceRole: dynamodb:* is more than one action"),
    ("every table", lambda all_: statement(all_, "WriteTheTable").update(Resource="*"),
     "AdvanceRole: dynamodb:PutItem on everything"),
    ("every sender", lambda all_: statement(all_, "SendLetters").pop("Condition"),
     "AdvanceRole: ses:SendEmail without a condition on ses:FromAddress"),
    ("every key", lambda all_: statement(all_, "OpenTheKeyring").pop("Condition"),
     "AdvanceRole: kms:Decrypt without a condition on kms:ViaService"),
    ("no log", lambda all_: statement(all_, "WriteItsLog").update(Action=["logs:CreateLogStream"]),
     "Advance may not write its log"),
]  # fmt: skip


@pytest.mark.parametrize("way", WAYS, ids=["as it is", "otherwise"])
def test_our_own_are_right(template: dict[str, Any], way: dict[str, str]) -> None:
    """The policies that are deployed keep the rules, with builds and with tasks."""
    assert list(policy_rules.problems(Stack(template=template, name="ccc-dev", parameters=way))) == []


@pytest.mark.parametrize(("plant", "said"), [each[1:] for each in MISTAKES], ids=[each[0] for each in MISTAKES])
def test_a_mistake(stack: Stack, resources: dict[str, Any], plant: Callable[[dict[str, Any]], Any], said: str) -> None:
    """A planted mistake is named."""
    plant(resources)
    assert said in policy_rules.problems(stack)


def test_who_faces_the_world_may_least(stack: Stack) -> None:
    """The function that strangers reach deletes nothing, writes no mail and starts no builder; it asks the worker."""
    api = functions.allowed(stack)["APIHandler"]
    assert not {action for action in api if action.startswith(("ses:", "codebuild:", "ecs:", "iam:"))}
    assert "dynamodb:DeleteItem" not in api
    assert "lambda:InvokeFunction" in api


def test_builders_of_one_kind(template: dict[str, Any]) -> None:
    """A stack with builds may run no tasks, and the other way round."""
    builds, tasks = (
        functions.allowed(Stack(template=template, name="ccc-dev", parameters=way))["Tick"] for way in WAYS
    )
    assert not {action for action in builds if action.startswith(("ecs:", "iam:"))}
    assert not {action for action in tasks if action.startswith("codebuild:")}
    assert {"ecs:RunTask", "iam:PassRole"} <= tasks


def test_secrets_of_one_stage(stack: Stack) -> None:
    """A function reads the parameters of its own stage, as CCC_KEYRING names them, and no other's."""
    (read,) = (each for each in functions.statements(stack, "Tick") if each["Sid"] == "ReadTheKeyring")
    keyring = stack.resources(functions.KIND)["Tick"]["Environment"]["Variables"]["CCC_KEYRING"]
    path = keyring.removeprefix("ssm://")
    assert path == "/ccc/dev"
    assert [each.split(":parameter")[1] for each in functions.targets(read)] == [path, f"{path}/*"]
