"""What CloudWatch makes of a log and of a metric: which lines a filter counts, and whether an alarm rings.

Only what our template uses is known; anything else is an error and never a guess. The meaning is that of CloudWatch's
manual: "Filter pattern syntax for metric filters" (JSON) and "How CloudWatch alarms treat missing data".
"""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

_CONDITION = re.compile(r'\$\.(\w+) (?:IS (TRUE|FALSE)|(=|>=) (?:"([^"]*)"|(-?[0-9.]+)))')
_COMPARED: Mapping[str, Callable[[Any, Any], bool]] = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "LessThanThreshold": operator.lt,
}


def counted(pattern: str, lines: Iterable[str]) -> list[dict[str, Any]]:
    """The log lines that a filter's pattern matches; ValueError for a pattern that is not understood."""
    inner = re.fullmatch(r"\{ (.*) \}", pattern)
    conditions = [_CONDITION.fullmatch(each) for each in inner[1].split(" && ")] if inner else [None]
    return [line for line in map(json.loads, lines) if all(_holds(each, line) for each in conditions)]


def _holds(condition: re.Match[str] | None, line: Mapping[str, Any]) -> bool:
    if condition is None:
        raise ValueError("this pattern is not understood")
    name, truth, sign, text, number = condition.groups()
    value = line.get(name)
    if truth is not None:
        return value is (truth == "TRUE")
    if text is not None:
        if sign != "=":
            raise ValueError("texts have no order")
        return bool(value == text)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return bool(value == float(number) if sign == "=" else value >= float(number))


def rings(alarm: Mapping[str, Any], points: Sequence[float | None]) -> bool:
    """Whether an alarm on one metric rings after these periods, the last one last; None: no data in a period."""
    over = _COMPARED[alarm["ComparisonOperator"]]
    missing = {"breaching": True, "notBreaching": False}[alarm["TreatMissingData"]]
    last = points[-alarm["EvaluationPeriods"] :]
    bad = [missing if each is None else over(each, alarm["Threshold"]) for each in last]
    return bool(len(last) == alarm["EvaluationPeriods"] and sum(bad) >= alarm["DatapointsToAlarm"])
