"""AWS's limits that a template can run into, and that are told only when it is deployed.

The numbers are from the quotas of CloudFormation, IAM, Lambda and CloudWatch (November 2026).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from lint.functions import KIND
from lint.resolved import Stack

TEMPLATE_BYTES = 1_048_576
"""Of a template that is handed over by way of S3; handed over directly it may have 51,200."""

RESOURCES = 500
POLICY_CHARACTERS = 10_240
"""Of all inline policies of a role together, white space not counted."""

ENVIRONMENT_BYTES = 4_096
ALARM_METRICS = 10
DESCRIPTION_CHARACTERS = 1_024


def problems(stack: Stack, deployed: dict[str, Any]) -> Iterator[str]:
    """A sentence for every limit that a stack, or what CloudFormation gets of it, is beyond."""
    size = len(json.dumps(deployed).encode())
    if size > TEMPLATE_BYTES:
        yield f"the template has {size} bytes, more than {TEMPLATE_BYTES}"
    if len(deployed["Resources"]) > RESOURCES:
        yield f"the template has {len(deployed['Resources'])} resources, more than {RESOURCES}"
    for name, role in stack.resources("AWS::IAM::Role").items():
        documents = (policy["PolicyDocument"] for policy in role.get("Policies", []))
        size = sum(len(json.dumps(each, separators=(",", ":"))) for each in documents)
        if size > POLICY_CHARACTERS:
            yield f"{name} has policies of {size} characters, more than {POLICY_CHARACTERS}"
    for name, function in stack.resources(KIND).items():
        size = sum(len(key) + len(str(value)) for key, value in function["Environment"]["Variables"].items())
        if size > ENVIRONMENT_BYTES:
            yield f"{name} has an environment of {size} bytes, more than {ENVIRONMENT_BYTES}"
    for name, alarm in stack.resources("AWS::CloudWatch::Alarm").items():
        if len(alarm.get("Metrics", [])) > ALARM_METRICS:
            yield f"{name} looks at more than {ALARM_METRICS} metrics"
        if len(alarm["AlarmDescription"]) > DESCRIPTION_CHARACTERS:
            yield f"{name} says more than {DESCRIPTION_CHARACTERS} characters"
