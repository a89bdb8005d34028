"""A metric that nobody writes is found, be it an alarm's or the dashboard's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from lint import metric_rules
from lint.resolved import Stack


def misspell(all_: dict[str, Any], old: str, new: str) -> None:
    """Write something else in the dashboard."""
    body = all_["Dashboard"]["Properties"]["DashboardBody"]
    assert old in body["Fn::Sub"]
    body["Fn::Sub"] = body["Fn::Sub"].replace(old, new)


MISTAKES: list[tuple[str, Callable[[dict[str, Any]], Any], str]] = [
    ("an alarm", lambda all_: all_["AlarmTickSilent"]["Properties"].update(MetricName="Calls"),
     "AlarmTickSilent looks at AWS/Lambda Calls, which nobody writes"),
    ("a sum", lambda all_: all_["AlarmSpendHigh"]["Properties"]["Metrics"][0]["MetricStat"]["Metric"].update(
        MetricName="Spent"), "AlarmSpendHigh looks at ccc/ccc-dev Spent, which nobody writes"),
    ("no filter", lambda all_: all_.pop("ReapDone"),
     "AlarmReapSilent looks at ccc/ccc-dev ReapDone, which nobody writes"),
    ("the dashboard", lambda all_: misspell(all_, '"4XXError"', '"4xxError"'),
     "Dashboard: Requests looks at AWS/ApiGateway 4xxError, which nobody writes"),
    ("the dashboard's own", lambda all_: misspell(all_, '"SpendEur"', '"SpendUsd"'),
     "Dashboard: Projected spend, euros looks at ccc/ccc-dev SpendUsd, which nobody writes"),
    ("an empty part", lambda all_: misspell(all_, '"metrics":[["ccc/${AWS::StackName}","ReapDone",{"stat":"Sum"}]]',
     '"metrics":[]'), "Dashboard: Runs of the reaper that went through shows nothing"),
    ("a new alarm", lambda all_: all_.update(AlarmMore=all_["AlarmTickSilent"]),
     "Dashboard: Alarms does not show all alarms"),
]  # fmt: skip


def test_our_own_are_right(stack: Stack) -> None:
    """Everything that is looked at is written by somebody."""
    assert list(metric_rules.problems(stack)) == []


@pytest.mark.parametrize(("plant", "said"), [each[1:] for each in MISTAKES], ids=[each[0] for each in MISTAKES])
def test_a_mistake(stack: Stack, resources: dict[str, Any], plant: Callable[[dict[str, Any]], Any], said: str) -> None:
    """A planted mistake is named."""
    plant(resources)
    assert said in metric_rules.problems(stack)
