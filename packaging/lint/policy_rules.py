"""Policies: no star where an ARN is known, nothing that somebody could widen their own rights with.

Whether a function needs what it may do is `rights.py`'s matter.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lint.functions import KIND, actions, statements, targets
from lint.resolved import Stack

WITHOUT_RESOURCE: Mapping[str, str] = {
    "ecr:GetAuthorizationToken": "knows no resource; what the token opens is decided by the other statement",
    "ecs:ListTasks": "is asked of a cluster, which only a condition can name",
}
"""Actions that may stand beside the resource `*`, and why."""

CONDITIONED: Mapping[str, str] = {
    "ecs:ListTasks": "ecs:cluster",
    "ecs:RunTask": "ecs:cluster",
    "iam:PassRole": "iam:PassedToService",
    "kms:Decrypt": "kms:ViaService",
    "ses:SendEmail": "ses:FromAddress",
    "ses:SendRawEmail": "ses:FromAddress",
}
"""Actions that are too wide without a condition on this key."""


def problems(stack: Stack) -> Iterator[str]:
    """A sentence for everything that is wider than it must be, in any role of a stack."""
    for name, role in stack.resources("AWS::IAM::Role").items():
        for policy in role.get("Policies", []):
            for statement in policy["PolicyDocument"]["Statement"]:
                yield from (f"{name}: {problem}" for problem in _too_wide(statement))
    for function in stack.resources(KIND):
        if not any("logs:PutLogEvents" in actions(each) for each in statements(stack, function)):
            yield f"{function} may not write its log"


def _too_wide(statement: Mapping[str, Any]) -> Iterator[str]:
    keys = {key for operator in statement.get("Condition", {}).values() for key in operator}
    for action in actions(statement):
        if "*" in action:
            yield f"{action} is more than one action"
        if "*" in targets(statement) and action not in WITHOUT_RESOURCE:
            yield f"{action} on everything"
        if action in CONDITIONED and CONDITIONED[action] not in keys:
            yield f"{action} without a condition on {CONDITIONED[action]}"
