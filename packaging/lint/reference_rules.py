"""References: whatever a stack has refers only to what that stack has too, however its parameters are set.

CloudFormation finds such a reference when a stack is made or changed, perhaps long after the template was packaged.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lint.resolved import Stack


def problems(stack: Stack) -> Iterator[str]:
    """A sentence for every resource and output of a stack that cannot be worked out."""
    for kind in ("Resources", "Outputs"):
        for name, each in stack.template.get(kind, {}).items():
            if "Condition" not in each or stack.holds(each["Condition"]):
                yield from (f"{name} {problem}" for problem in _one(stack, each))


def _one(stack: Stack, each: Mapping[str, Any]) -> Iterator[str]:
    waits_for = each.get("DependsOn", [])
    try:
        for name in [waits_for] if isinstance(waits_for, str) else waits_for:
            stack.reference(name)
        stack.value({name: part for name, part in each.items() if name in {"Properties", "Value", "Export"}})
    except KeyError as unknown:
        yield f"refers to {unknown.args[0]}, which is not in the stack"
