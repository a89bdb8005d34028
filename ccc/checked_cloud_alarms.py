"""Which alarms of a stage ring now, and whether anybody would be told."""

from __future__ import annotations

from collections.abc import Iterator

from ccc.cloud_account import Cloud
from ccc.cloud_stage import CloudStage
from ccc.finding import Finding, good, missing, note

PENDING = "PendingConfirmation"
SHOWN = 20


def ringing(account: Cloud, stage: CloudStage) -> Iterator[Finding]:
    """Yield a finding for each alarm that rings; a stack without any alarm is one itself."""
    prefix = f"{stage.stack} "
    alarms = account.ask("cloudwatch", "describe_alarms", AlarmNamePrefix=prefix, MaxRecords=100)["MetricAlarms"]
    loud = sorted(each["AlarmName"].removeprefix(prefix) for each in alarms if each["StateValue"] == "ALARM")
    for name in loud[:SHOWN]:
        yield missing(f"alarm {name}", "it rings", f"read docs/alarms.md, the section {name}")
    if not alarms:
        yield missing("alarms", "the stack has none", f"make deploy STAGE={stage.name}")
    elif not loud:
        yield good("alarms", f"{len(alarms)}, and none rings")
    deaf = sorted(each["AlarmName"].removeprefix(prefix) for each in alarms if not each.get("ActionsEnabled", True))
    if deaf:
        on = f"aws cloudwatch enable-alarm-actions --alarm-names '{prefix}{deaf[0]}' …"
        yield missing("alarms switched off", ", ".join(deaf[:SHOWN]), on)


def readers(account: Cloud, stage: CloudStage) -> Iterator[Finding]:
    """Yield whether somebody has confirmed to be told about alarms."""
    topic = stage.outputs.get("AlarmTopic")
    if topic is None:
        return
    found = account.ask("sns", "list_subscriptions_by_topic", TopicArn=topic)["Subscriptions"]
    confirmed = [each for each in found if each["SubscriptionArn"] not in {PENDING, "Deleted"}]
    if confirmed:
        yield good("alarm topic", f"{len(confirmed)} told")
    elif found:
        remedy = f"make deploy STAGE={stage.name} PARAMETERS=AlarmEmail=…"
        said = "nobody has answered the mail by which SNS asks for a confirmation"
        yield missing("alarm topic", said, f"answer it; after three days: {remedy}")
    else:
        remedy = f"make deploy STAGE={stage.name} PARAMETERS=AlarmEmail=you@example.org"
        yield note("alarm topic", "nobody is told about alarms", remedy)
