"""What a stage must have, whatever else the template says: the alarms that an operator relies on, and narrow rights."""

from __future__ import annotations

import re
from typing import Any

import pytest
from lint import functions
from lint.everything import WAYS
from lint.resolved import Stack

EVENTS = {
    "stack.frozen": "nothing is deleted",
    "sweep.orphan_deleted": "a server without a row",
    "sweep.too_many": "more orphans or losses than anybody believes",
    "sweep.refused": "nobody looks for leaked servers",
    "mail.unconfirmed": "a guest may not have their letter",
    "builds.held_back": "three builds in a row have failed",
    "provider.token_rejected": "nothing is deleted",
    "instance.deleting_late": "a server that should be gone",
    "reap.missed": "no run has been kept",
}
SILENT = {"AlarmReapSilent": 2 * 3600, "AlarmTickSilent": 900}
"""Alarms on silence, and after how many seconds of it they ring."""

STARS = (
    r"arn:aws:ssm:[^*]*:parameter/ccc/dev/\*",  # the parameters beneath the stage's own path
    r"arn:aws:kms:[^*]*:key/\*",  # AWS's own key for SSM, whose id nobody knows; a condition names SSM and the path
    r"arn:aws:logs:[^*]*:log-group:[^*]+:\*",  # the streams of one group
    r"arn:aws:ecs:[^*]*:task-definition/ccc-dev-builder:\*",  # revisions
    r"arn:aws:ecs:[^*]*:task/ccc-dev-builder/\*",  # tasks of the stage's own cluster
    r"arn:aws:ses:[^*]*:identity/\*",  # readers, whom SES's sandbox asks for; a condition names the one sender
)
"""Where a part of an ARN is not known before it is made."""


def alarms(stack: Stack) -> dict[str, Any]:
    """All alarms by logical id."""
    return stack.resources("AWS::CloudWatch::Alarm")


@pytest.mark.parametrize("event", EVENTS)
def test_one_line_of_the_log_rings(stack: Stack, event: str) -> None:
    """Each of these is told after the first time, within five minutes, and silence is no alarm."""
    (found,) = (each for each in alarms(stack).values() if each["AlarmName"] == f"ccc-dev {event}")
    assert found["Dimensions"] == [{"Name": "event", "Value": event}]
    assert (found["Threshold"], found["Period"], found["EvaluationPeriods"]) == (1, 300, 1)
    assert (found["ComparisonOperator"], found["TreatMissingData"]) == ("GreaterThanOrEqualToThreshold", "notBreaching")


@pytest.mark.parametrize("name", SILENT)
def test_silence_rings(stack: Stack, name: str) -> None:
    """A reaper or a tick that does not run writes nothing: missing data breaches."""
    found = alarms(stack)[name]
    assert found["TreatMissingData"] == "breaching"
    assert (found["ComparisonOperator"], found["Threshold"]) == ("LessThanThreshold", 1)
    assert found["Period"] * found["EvaluationPeriods"] == SILENT[name]


def test_every_function_s_errors_ring(stack: Stack) -> None:
    """A function that raises or cannot start (without SSM, for one) is an error of Lambda's, and each has an alarm."""
    errors = [each for each in alarms(stack).values() if each.get("MetricName") == "Errors"]
    watched = {each["Dimensions"][0]["Value"] for each in errors}
    assert watched == {f"ccc-dev-{name}" for name in functions.DEPLOYED.values()}
    assert {each["Threshold"] for each in errors} == {1}


def test_the_spend_rings_before_the_cap(stack: Stack) -> None:
    """At four fifths of the cap, and a quarter of an hour without a figure changes nothing."""
    found = alarms(stack)["AlarmSpendHigh"]
    assert (found["Threshold"], found["TreatMissingData"]) == (80, "ignore")


def test_all_alarms_go_to_one_topic(stack: Stack) -> None:
    """Whoever answers SNS's mail hears of everything."""
    topic = stack.reference("Alarms")
    assert {tuple(each["AlarmActions"]) for each in alarms(stack).values()} == {(topic,)}


@pytest.mark.parametrize("way", WAYS, ids=["as it is", "otherwise"])
def test_a_star_stands_only_for_what_nobody_knows(template: dict[str, Any], way: dict[str, str]) -> None:
    """Every resource with a star in it is one of a few forms; the bare star is the policy rules' matter."""
    stack = Stack(template=template, name="ccc-dev", parameters=way)
    for role in stack.resources("AWS::IAM::Role").values():
        for policy in role.get("Policies", []):
            for statement in policy["PolicyDocument"]["Statement"]:
                starred = [each for each in functions.targets(statement) if "*" in each and each != "*"]
                assert [each for each in starred if not any(re.fullmatch(form, each) for form in STARS)] == []


def test_a_reader_verified_in_the_account_gets_letters_from_the_one_sender(stack: Stack) -> None:
    """In SES's sandbox the reader's identity is asked for as well; nobody else's address may send."""
    senders = 0
    for function in stack.resources(functions.KIND):
        for each in functions.statements(stack, function):
            if "ses:SendEmail" in functions.actions(each):
                senders += 1
                assert "arn:aws:ses:eu-central-1:123456789012:identity/*" in functions.targets(each)
                assert each["Condition"] == {"StringEquals": {"ses:FromAddress": "box@ccc.example.org"}}
    assert senders == 3


def test_the_work_by_the_clock_is_done_once_at_a_time(stack: Stack) -> None:
    """Tick and reaper have one place each, which nobody else can take from them."""
    found = stack.resources(functions.KIND)
    reserved = {name: each.get("ReservedConcurrentExecutions") for name, each in found.items()}
    assert {name: share for name, share in reserved.items() if share is not None} == {"Tick": 1, "Reap": 1}
