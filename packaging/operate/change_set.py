"""A change set from its making to its end: what it would do is known before anything is done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.aws.errors import Answered
from operate.aws import Aws, is_absent, pages
from operate.changes import Change, change_of
from operate.failure import OperateFailed
from operate.progress import Pace
from operate.stack import Stack

CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]
"""The stack makes roles (without names of their own), and its template is SAM's."""

NOTHING = ("didn't contain changes", "No updates are to be performed")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeSet:
    """A change set of a stack, by its ARN; `empty` when there is nothing to change."""

    aws: Aws
    id: str
    changes: tuple[Change, ...]
    empty: bool = False

    def carry_out(self) -> None:
        """Begin to do it."""
        self.aws.call("cloudformation", "execute_change_set", ChangeSetName=self.id)

    def drop(self) -> None:
        """Throw it away; nothing was changed."""
        drop(self.aws, self.id)


def make(aws: Aws, *, stack: str, before: Stack | None, name: str, request: Mapping[str, Any], pace: Pace) -> ChangeSet:
    """Make a change set and wait until CloudFormation knows what it would do; OperateFailed with its reason."""
    fresh = before is None or before.empty
    answer = aws.call(
        "cloudformation",
        "create_change_set",
        StackName=stack,
        ChangeSetName=name,
        ChangeSetType="CREATE" if fresh else "UPDATE",
        Capabilities=CAPABILITIES,
        **request,
    )
    change_set = str(answer["Id"])
    for _ in pace.looks("The change set"):
        found = aws.call("cloudformation", "describe_change_set", ChangeSetName=change_set)
        if found["Status"] in {"CREATE_COMPLETE", "FAILED"}:
            return _made(aws, change_set, found)
    raise AssertionError  # looks() ends by raising


def drop(aws: Aws, name: str, stack: str | None = None) -> None:
    """Throw a change set away, by its ARN or by its name and stack; one that is not there is no error."""
    try:
        aws.call("cloudformation", "delete_change_set", ChangeSetName=name, **({"StackName": stack} if stack else {}))
    except Answered as error:
        if not is_absent(error) and error.code != "ChangeSetNotFound":
            raise


def _made(aws: Aws, change_set: str, found: Mapping[str, Any]) -> ChangeSet:
    if found["Status"] == "CREATE_COMPLETE":
        listed = pages(aws, "cloudformation", "describe_change_set", "Changes", ChangeSetName=change_set)
        changes = tuple(each for each in map(change_of, listed) if each is not None)
        return ChangeSet(aws=aws, id=change_set, changes=changes)
    reason = str(found.get("StatusReason", ""))
    drop(aws, change_set)
    if any(each in reason for each in NOTHING):
        return ChangeSet(aws=aws, id=change_set, changes=(), empty=True)
    raise OperateFailed(f"CloudFormation does not take the template: {reason}")
