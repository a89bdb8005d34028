"""Whether a statement of a policy allows a request, as IAM decides it for the few forms that our policies have.

A statement with anything else in it (`Deny`, `NotAction`, an operator that is not known here) is an error, so that
nothing passes because it was not understood. Source: "Policy evaluation logic" and "IAM JSON policy elements" in AWS's
IAM user guide.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from lint.functions import actions, targets
from lint.requests import Request

_KNOWN = frozenset({"Sid", "Effect", "Action", "Resource", "Condition"})


class NotUnderstood(Exception):
    """A statement has a form that is not evaluated here; the text says which."""


def targets_for(statement: Mapping[str, Any], request: Request) -> tuple[str, ...]:
    """The resources of a statement by which it allows a request; none when it does not. NotUnderstood."""
    if strange := sorted(set(statement) - _KNOWN):
        raise NotUnderstood(f"a statement has {', '.join(strange)}")
    if statement["Effect"] != "Allow":
        raise NotUnderstood(f"a statement says {statement['Effect']}")
    if request.action not in actions(statement) or not all(_conditions(statement.get("Condition", {}), request)):
        return ()
    return tuple(each for each in targets(statement) if matches(each, request.resource))


def matches(pattern: str, value: str) -> bool:
    """Whether a value has the form of a pattern, where `*` is any characters and `?` is one."""
    parts = ({"*": ".*", "?": "."}.get(each, re.escape(each)) for each in pattern)
    return re.fullmatch("".join(parts), value, re.DOTALL) is not None


def _conditions(condition: Mapping[str, Mapping[str, Any]], request: Request) -> Iterator[bool]:
    """Every key of every operator must hold; a key that does not come with the request does not."""
    for operator, wanted in condition.items():
        if operator not in _OPERATORS:
            raise NotUnderstood(f"the operator {operator} is not known here")
        for key, values in wanted.items():
            given = request.context.get(key)
            allowed = [values] if isinstance(values, str) else values
            yield given is not None and any(_OPERATORS[operator](str(each), given) for each in allowed)


_OPERATORS: Mapping[str, Callable[[str, str], bool]] = {
    "StringEquals": lambda wanted, given: wanted == given,
    "ForAnyValue:StringEquals": lambda wanted, given: wanted == given,
    "StringLike": matches,
    "ArnEquals": matches,
    "ArnLike": matches,
}
