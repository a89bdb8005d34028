"""A table restored from a backup takes the place of the stack's own by one parameter, for all functions and rights."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from lint import functions, policy_rules
from lint.resolved import Stack

from chalicelib.config import settings

RESTORED = "ccc-prod-Table-restored"


@pytest.fixture
def restored(template_of: Callable[[str], dict[str, Any]]) -> Stack:
    """The stage after a restore."""
    return Stack(template=template_of("prod"), name="ccc-prod", parameters={"RestoredTable": RESTORED})


def test_every_function_works_on_it(restored: Stack) -> None:
    """No function goes on with the old table, and the output tells the tools the same name."""
    found = restored.resources(functions.KIND).values()
    assert {settings(each["Environment"]["Variables"]).store.host for each in found} == {RESTORED}
    assert restored.value(restored.template["Outputs"]["TableName"]["Value"]) == RESTORED


def test_rights_are_for_it_alone(restored: Stack, template_of: Callable[[str], dict[str, Any]]) -> None:
    """Each function may do with the restored table and its indexes what it may do with the stack's own, and no more."""
    own = Stack(template=template_of("prod"), name="ccc-prod")
    arn = f"arn:aws:dynamodb:eu-central-1:123456789012:table/{RESTORED}"
    for function in restored.resources(functions.KIND):
        before, after = (_on_tables(each, function) for each in (own, restored))
        assert {place.replace(own.value({"Fn::GetAtt": ["Table", "Arn"]}), arn) for place in before} == after
        assert after
        assert all(each.startswith(arn) for each in after)
    assert list(policy_rules.problems(restored)) == []


def test_the_old_table_stays(restored: Stack) -> None:
    """It is still the stack's, with its backups and its protection."""
    table = restored.resources("AWS::DynamoDB::Table")["Table"]
    assert table["DeletionProtectionEnabled"] is True
    assert RESTORED not in json.dumps(table)


def _on_tables(stack: Stack, function: str) -> set[str]:
    statements = functions.statements(stack, function)
    found = (each for each in statements if any(name.startswith("dynamodb:") for name in functions.actions(each)))
    return {place for each in found for place in functions.targets(each)}
