"""What SES says of a message that came back or was complained about, as SNS hands it to Lambda.

Sources: "Examples of event data that Amazon SES publishes to Amazon SNS" in AWS's SES developer guide, and "Invoking
Lambda functions with Amazon SNS notifications".
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from onebox.aws.template import ACCOUNT, REGION

KINDS = frozenset({"bounce", "transient", "complaint"})
"""A permanent bounce, one that may go away, a complaint."""

TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:ccc-mail-feedback"


def feedback_event(kind: str, addresses: Sequence[str], tags: Mapping[str, str]) -> dict[str, Any]:
    """The Lambda event of one SNS record about a message to these addresses; KeyError for an unknown kind.

    `tags` are those that the message was sent with.
    """
    message = {"eventType": _TYPES[kind], "mail": _mail(addresses, tags), **_told(kind, addresses)}
    return {
        "Records": [
            {
                "EventSource": "aws:sns",
                "EventVersion": "1.0",
                "EventSubscriptionArn": f"{TOPIC}:{uuid.uuid4()}",
                "Sns": {
                    "Type": "Notification",
                    "MessageId": str(uuid.uuid4()),
                    "TopicArn": TOPIC,
                    "Subject": "Amazon SES Email Event Notification",
                    "Message": json.dumps(message),
                    "Timestamp": _now(),
                    "MessageAttributes": {},
                },
            }
        ]
    }


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())


_TYPES = {"bounce": "Bounce", "transient": "Bounce", "complaint": "Complaint"}


def _mail(addresses: Sequence[str], tags: Mapping[str, str]) -> dict[str, Any]:
    return {
        "timestamp": _now(),
        "source": "box@example.org",
        "sendingAccountId": ACCOUNT,
        "messageId": str(uuid.uuid4()),
        "destination": list(addresses),
        "headersTruncated": False,
        "tags": {name: [value] for name, value in tags.items()},
    }


def _told(kind: str, addresses: Sequence[str]) -> dict[str, Any]:
    if kind == "complaint":
        complained = [{"emailAddress": each} for each in addresses]
        return {
            "complaint": {
                "complainedRecipients": complained,
                "timestamp": _now(),
                "feedbackId": str(uuid.uuid4()),
                "complaintFeedbackType": "abuse",
            }
        }
    permanent = kind == "bounce"
    bounced = [
        {"emailAddress": each, "action": "failed", "status": "5.1.1" if permanent else "4.2.2"} for each in addresses
    ]
    return {
        "bounce": {
            "bounceType": "Permanent" if permanent else "Transient",
            "bounceSubType": "General",
            "bouncedRecipients": bounced,
            "timestamp": _now(),
            "feedbackId": str(uuid.uuid4()),
        }
    }
