"""Which IAM actions a call of an AWS API needs, by the service authorization reference.

Only where it is not `<service>:<operation>` is anything written here. Knows no call that we do not make.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_IN_TRANSACTION = {
    "Put": "dynamodb:PutItem",
    "Update": "dynamodb:UpdateItem",
    "Delete": "dynamodb:DeleteItem",
    "ConditionCheck": "dynamodb:ConditionCheckItem",
}


def actions(service: str, operation: str, parameters: Mapping[str, Any]) -> frozenset[str]:
    """The actions of one call; `service` is the name it is signed for, as IAM's prefixes are (`dynamodb`, `ses`)."""
    match (service, operation):
        case ("dynamodb", "TransactWriteItems"):
            return frozenset(_IN_TRANSACTION[kind] for one in parameters["TransactItems"] for kind in one)
        case ("dynamodb", "TransactGetItems"):
            return frozenset({"dynamodb:GetItem"})
        case ("ses", "SendEmail") if "Raw" in parameters.get("Content", {}):
            return frozenset({"ses:SendEmail", "ses:SendRawEmail"})
        case ("lambda", "Invoke"):
            return frozenset({"lambda:InvokeFunction"})
        case _:
            return frozenset({f"{service}:{operation}"})
