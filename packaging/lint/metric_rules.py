"""Metrics: whatever an alarm or the dashboard looks at is a metric that somebody writes.

A misspelt metric is no error anywhere in AWS: it is empty for ever, and an alarm on it never rings.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from lint.resolved import Stack

KNOWN: Mapping[str, frozenset[str]] = {
    "AWS/ApiGateway": frozenset({"Count", "Latency", "IntegrationLatency", "4XXError", "5XXError"}),
    "AWS/DynamoDB": frozenset({"ConsumedReadCapacityUnits", "ConsumedWriteCapacityUnits"}),
    "AWS/Lambda": frozenset({"ConcurrentExecutions", "Duration", "Errors", "Invocations", "Throttles"}),
    "AWS/SES": frozenset({"Bounce", "Complaint", "Reputation.BounceRate", "Reputation.ComplaintRate", "Send"}),
    "AWS/SQS": frozenset({"ApproximateNumberOfMessagesVisible"}),
}
"""Metrics that AWS writes by itself, those of them that we look at; the names are from the services' manuals."""

_SHAPES = {"metric": "metrics", "alarm": "alarms", "log": "query"}


def problems(stack: Stack) -> Iterator[str]:
    """A sentence for every metric of an alarm or of the dashboard that nobody writes."""
    written = {name: set(metrics) for name, metrics in KNOWN.items()}
    for each in stack.resources("AWS::Logs::MetricFilter").values():
        for made in each["MetricTransformations"]:
            written.setdefault(made["MetricNamespace"], set()).add(made["MetricName"])
    for name, alarm in stack.resources("AWS::CloudWatch::Alarm").items():
        for namespace, metric in _of_alarm(alarm):
            if metric not in written.get(namespace, ()):
                yield f"{name} looks at {namespace} {metric}, which nobody writes"
    for name, dashboard in stack.resources("AWS::CloudWatch::Dashboard").items():
        for widget in json.loads(dashboard["DashboardBody"])["widgets"]:
            yield from (f"{name}: {problem}" for problem in _of_widget(stack, widget, written))


def _of_alarm(alarm: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    looked_at = [each["MetricStat"]["Metric"] for each in alarm.get("Metrics", []) if "MetricStat" in each]
    for metric in [alarm] if "MetricName" in alarm else looked_at:
        yield metric["Namespace"], metric["MetricName"]


def _of_widget(stack: Stack, widget: Mapping[str, Any], written: Mapping[str, set[str]]) -> Iterator[str]:
    title, shown = widget["properties"]["title"], widget["properties"].get(_SHAPES.get(widget["type"], ""))
    if not shown:
        yield f"{title} shows nothing"
        return
    if widget["type"] == "alarm" and len(shown) != len(stack.resources("AWS::CloudWatch::Alarm")):
        yield f"{title} does not show all alarms"
    if widget["type"] == "metric":
        for namespace, metric in _of_rows(shown):
            if metric not in written.get(namespace, ()):
                yield f"{title} looks at {namespace} {metric}, which nobody writes"


def _of_rows(rows: list[list[Any]]) -> Iterator[tuple[str, str]]:
    """Namespace and metric of each row; `.` is the row above's, `...` all of it; expressions name none."""
    before = ["", ""]
    for row in rows:
        names = [each for each in row if isinstance(each, str)]
        if names and names[0] != "...":
            before = [above if name == "." else name for name, above in zip(names[:2], before, strict=True)]
        if names:
            yield before[0], before[1]
