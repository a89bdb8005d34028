"""Alarms: every event that the code raises reaches a person, and every alarm says what to do about it.

An event is a log line with `"alarm": true`; one metric filter per function counts such lines by their event, and one
alarm per event watches the count. The runbook has a section per alarm, named as the alarm is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from lint.functions import DEPLOYED
from lint.resolved import Stack

FILTER = "{ $.alarm IS TRUE }"
COUNTED = "AlarmEvents"
NOT_WATCHED: Mapping[str, str] = {}
"""Events that the code raises and no alarm watches, and why."""

_SECTION = re.compile(r"^### ([a-z0-9._-]+)$", re.MULTILINE)


def problems(stack: Stack, raised: Iterable[str], runbook: str) -> Iterator[str]:
    """What is wrong with a stack's alarms, given the names that the code raises and the text of the runbook."""
    yield from _filter_problems(stack)
    alarms = {_name(stack, each): each for each in stack.resources("AWS::CloudWatch::Alarm").values()}
    watched = {event for each in alarms.values() if (event := _event(each)) is not None}
    wanted = set(raised) - set(NOT_WATCHED)
    yield from (f"nobody watches the event {event}" for event in sorted(wanted - watched))
    yield from (f"the alarm {event} is never raised" for event in sorted(watched - wanted))
    sections = set(_SECTION.findall(runbook))
    yield from (f"the runbook has no section {name}" for name in sorted(set(alarms) - sections))
    yield from (f"the runbook's section {name} is about no alarm" for name in sorted(sections - set(alarms)))
    for name, each in alarms.items():
        yield from (f"the alarm {name} {problem}" for problem in _alarm_problems(name, each))


def _alarm_problems(name: str, alarm: Mapping[str, Any]) -> Iterator[str]:
    if not alarm.get("AlarmActions"):
        yield "tells nobody"
    if (event := _event(alarm)) is not None and event != name:
        yield f"watches the event {event}"
    if name.endswith(".silent") and alarm["TreatMissingData"] != "breaching":
        yield "takes silence for a good sign"
    if name not in alarm["AlarmDescription"]:
        yield "does not say where to read on"


def _filter_problems(stack: Stack) -> Iterator[str]:
    filters = stack.resources("AWS::Logs::MetricFilter").values()
    counted = {
        each["LogGroupName"]
        for each in filters
        if each["FilterPattern"] == FILTER
        and each["MetricTransformations"][0]["MetricName"] == COUNTED
        and each["MetricTransformations"][0]["Dimensions"] == [{"Key": "event", "Value": "$.event"}]
    }
    for function in DEPLOYED:
        if stack.reference(f"{function}Log") not in counted:
            yield f"nobody counts the events in the log of {function}"


def _name(stack: Stack, alarm: Mapping[str, Any]) -> str:
    return str(alarm["AlarmName"]).removeprefix(f"{stack.name} ")


def _event(alarm: Mapping[str, Any]) -> str | None:
    """The event that an alarm watches; None for one that watches something else."""
    if alarm.get("MetricName") != COUNTED:
        return None
    return next((str(each["Value"]) for each in alarm["Dimensions"] if each["Name"] == "event"), None)
