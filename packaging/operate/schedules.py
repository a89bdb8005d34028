"""Whether the stack's two schedules are there, switched on, and have lately called their functions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from operate.aws import Aws, answered_at, pages
from operate.checks import Wrong
from operate.failure import OperateFailed
from operate.progress import Pace

WANTED = {"rate(1 minute)": "tick", "cron(0 * * * ? *)": "reap"}
RULE = "AWS::Events::Rule"
LATELY = {"tick": timedelta(minutes=5), "reap": timedelta(minutes=75)}
LATE = timedelta(minutes=3)
"""CloudWatch knows of a call some minutes later."""


def rules(aws: Aws, stack: str) -> str:
    """Both are there and on; Wrong with the one that is not."""
    found = {each["ScheduleExpression"]: str(each["State"]) for each in _rules(aws, stack)}
    off = [f"{name} is {found.get(when, 'missing')}" for when, name in WANTED.items() if found.get(when) != "ENABLED"]
    if off:
        raise Wrong(", ".join(off))
    return "tick every minute and reap every hour are on"


def called(aws: Aws, stack: str, function: str, patience: Pace) -> str:
    """The function was called lately; Wrong when it was not. Right after a deployment CloudWatch knows of no call."""
    minutes = int(LATELY[function].total_seconds() / 60)
    try:
        for _ in patience.looks(function):
            if calls := _calls(aws, stack, function):
                break
    except OperateFailed:
        raise Wrong(f"{function} was not called within {minutes} minutes, as far as CloudWatch knows") from None
    return f"{calls} calls within {minutes} minutes"


def _calls(aws: Aws, stack: str, function: str) -> int:
    now = datetime.fromtimestamp(answered_at(aws.call("sts", "get_caller_identity")), UTC)
    answer = aws.call(
        "cloudwatch",
        "get_metric_statistics",
        Namespace="AWS/Lambda",
        MetricName="Invocations",
        Dimensions=[{"Name": "FunctionName", "Value": f"{stack}-{function}"}],
        StartTime=now - LATELY[function] - LATE,
        EndTime=now,
        Period=60,
        Statistics=["Sum"],
    )
    return int(sum(each["Sum"] for each in answer["Datapoints"]))


def _rules(aws: Aws, stack: str) -> list[dict[str, Any]]:
    listed = pages(aws, "cloudformation", "list_stack_resources", "StackResourceSummaries", StackName=stack)
    names = [each["PhysicalResourceId"] for each in listed if each["ResourceType"] == RULE]
    return [aws.call("events", "describe_rule", Name=name) for name in names]
