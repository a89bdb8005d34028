"""The stack as CloudFormation tells it: its state, its parameters, its outputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from chalicelib.aws.errors import Answered
from operate.aws import Aws, is_absent
from operate.failure import OperateFailed


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """One look at a stack."""

    id: str
    status: str
    reason: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)

    @property
    def moves(self) -> bool:
        """Whether CloudFormation is at work; a change set that nobody has carried out is no work."""
        return self.status.endswith("_IN_PROGRESS") and not self.empty

    @property
    def empty(self) -> bool:
        """Whether it only has a change set: nothing of it exists."""
        return self.status == "REVIEW_IN_PROGRESS"

    def output(self, name: str) -> str:
        """An output; OperateFailed when the stack does not have it."""
        try:
            return self.outputs[name]
        except KeyError:
            raise OperateFailed(f"The stack has no output {name} ({self.status}).", "make deploy") from None


def look(aws: Aws, name: str) -> Stack | None:
    """The stack of this name or id; None when there is none."""
    try:
        (found,) = aws.call("cloudformation", "describe_stacks", StackName=name)["Stacks"]
    except Answered as error:
        if is_absent(error):
            return None
        raise
    return Stack(
        id=found["StackId"],
        status=found["StackStatus"],
        reason=found.get("StackStatusReason", ""),
        parameters={each["ParameterKey"]: each["ParameterValue"] for each in found.get("Parameters", [])},
        outputs={each["OutputKey"]: each["OutputValue"] for each in found.get("Outputs", [])},
    )


def require(aws: Aws, name: str) -> Stack:
    """The stack; OperateFailed when there is none."""
    found = look(aws, name)
    if found is None or found.empty:
        raise OperateFailed(f"There is no stack {name} in {aws.region}.", "make deploy, or another AWS_DEFAULT_REGION")
    return found
