"""What a change set would do, in lines, and which of it may lose data: pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

PRECIOUS = frozenset({"AWS::DynamoDB::Table"})
"""What holds what nothing else does. The template keeps it when it leaves the stack; the functions would lose it."""

UNHARMED = frozenset({"", "False"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One resource's change in CloudFormation's words; `replacement` is True, False, Conditional, or empty."""

    action: str
    logical: str
    kind: str
    replacement: str = ""

    @property
    def loses(self) -> bool:
        """Whether the stack may end up without what it has stored. An unclear answer counts as yes."""
        if self.kind not in PRECIOUS or self.action in {"Add", "Import"}:
            return False
        return self.action != "Modify" or self.replacement not in UNHARMED

    def told(self) -> str:
        """One line."""
        replaced = {"True": ", replaced", "Conditional": ", perhaps replaced"}.get(self.replacement, "")
        return f"{self.action.lower():<8}{self.logical} ({self.kind}{replaced})"


def change_of(document: Mapping[str, Any]) -> Change | None:
    """The change in an entry of DescribeChangeSet; None for one that is about no resource."""
    about = document.get("ResourceChange")
    if about is None:
        return None
    return Change(
        action=str(about.get("Action", "")),
        logical=str(about.get("LogicalResourceId", "")),
        kind=str(about.get("ResourceType", "")),
        replacement=str(about.get("Replacement", "")),
    )


def told(changes: Iterable[Change]) -> list[str]:
    """The lines of all changes: what goes and what is replaced first."""
    return [each.told() for each in sorted(changes, key=_place)]


def _place(change: Change) -> tuple[int, str]:
    order = {"Remove": 0, "Modify": 1 if change.replacement not in UNHARMED else 2}
    return order.get(change.action, 3), change.logical
