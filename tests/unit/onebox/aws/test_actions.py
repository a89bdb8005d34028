"""Which IAM actions a call needs, where they are not simply its own name."""

from __future__ import annotations

from typing import Any

import pytest

from onebox.aws.host.actions import actions


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "wanted"),
    [
        ("dynamodb", "GetItem", {}, {"dynamodb:GetItem"}),
        (
            "dynamodb",
            "TransactWriteItems",
            {"TransactItems": [{"Put": {}}, {"ConditionCheck": {}}, {"Update": {}}, {"Put": {}}]},
            {"dynamodb:PutItem", "dynamodb:ConditionCheckItem", "dynamodb:UpdateItem"},
        ),
        ("dynamodb", "TransactWriteItems", {"TransactItems": [{"Delete": {}}]}, {"dynamodb:DeleteItem"}),
        ("ses", "SendEmail", {"Content": {"Raw": {}}}, {"ses:SendEmail", "ses:SendRawEmail"}),
        ("ses", "SendEmail", {"Content": {"Simple": {}}}, {"ses:SendEmail"}),
        ("lambda", "Invoke", {"FunctionName": "x"}, {"lambda:InvokeFunction"}),
        ("codebuild", "StartBuild", {}, {"codebuild:StartBuild"}),
    ],
)
def test_the_actions_of_a_call(service: str, operation: str, parameters: dict[str, Any], wanted: set[str]) -> None:
    """A transaction counts as what is in it, a raw letter as both of its names, an invocation as InvokeFunction."""
    assert actions(service, operation, parameters) == wanted
