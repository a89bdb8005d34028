"""Ways in which the parameters that conditions look at may be set, read from the template itself.

A condition compares a parameter with a value: that value is one way, what else the parameter may be is the other. So a
new condition is tried both ways without anybody thinking of it.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

GIVEN = "given"
"""A value for a parameter that may be any text, where a condition asks whether it is empty."""

NEEDED: Mapping[str, Mapping[str, str]] = {
    "fargate": {"BuilderSubnets": "subnet-0a1b,subnet-0c2d", "BuilderSecurityGroups": "sg-0a1b"}
}
"""What has to be given with a value; the template's own rules ask for it."""


def every_way(template: Mapping[str, Any]) -> list[dict[str, str]]:
    """All values of each two parameters that conditions compare, the others as they are by default; each way once.

    All combinations of all would double with every parameter, and what breaks is one part that refers to another.
    """
    values = {name: _values(template, name) for name in sorted(set(_compared(template["Conditions"])))}
    ways: dict[tuple[tuple[str, str], ...], None] = {}
    for pair in itertools.combinations(values, 2):
        for chosen in itertools.product(*(values[name] for name in pair)):
            default = {name: str(template["Parameters"][name].get("Default", "")) for name in values}
            way = default | dict(zip(pair, chosen, strict=True))
            ways.setdefault(tuple(_with_what_it_needs(way).items()))
    return [dict(way) for way in ways]


def _compared(node: Any) -> Iterator[str]:
    """The parameters that stand in a comparison anywhere in a part of the template."""
    if isinstance(node, Mapping):
        if set(node) == {"Ref"}:
            yield node["Ref"]
        for each in node.values():
            yield from _compared(each)
    elif isinstance(node, list):
        for each in node:
            yield from _compared(each)


def _values(template: Mapping[str, Any], name: str) -> tuple[str, ...]:
    parameter = template["Parameters"][name]
    return tuple(parameter["AllowedValues"]) if "AllowedValues" in parameter else ("", GIVEN)


def _with_what_it_needs(way: dict[str, str]) -> dict[str, str]:
    return way | {name: each for value in way.values() for name, each in NEEDED.get(value, {}).items()}
