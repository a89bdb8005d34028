"""All rules about a packaged template, for every way in which its parameters may be set."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from lint import alarm_rules, api_rules, builder_rules, function_rules, metric_rules, policy_rules, reference_rules
from lint.raised import raised
from lint.resolved import Stack
from lint.ways import every_way

WAYS: tuple[dict[str, str], ...] = (
    {},
    {
        "Builder": "fargate",
        "BuilderSubnets": "subnet-0a1b,subnet-0c2d",
        "BuilderSecurityGroups": "sg-0a1b",
        "BuilderImage": "public.example.org/builder:1",
        "CreateMailIdentity": "yes",
        "CreateGatewayLogRole": "no",
        "ReserveConcurrency": "no",
        "AlarmEmail": "operator@example.org",
        "ContactEmail": "help@example.org",
        "PublicUrl": "https://ccc.example.org",
    },
)
"""As it is, and everything otherwise: each condition is true in one and false in the other.

References are looked at in more ways (`ways.py`).
"""


def problems(template: dict[str, Any], stage: str, root: Path) -> Iterator[str]:
    """A sentence for every problem of a stage's template, each once; `root` is the checkout."""
    names, runbook = raised(root / "chalicelib"), (root / "docs" / "alarms.md").read_text(encoding="utf-8")
    found: dict[str, None] = {}
    for stack in stacks(template, stage, every_way(template)):
        found |= dict.fromkeys(reference_rules.problems(stack))
    if found:  # no other rule can work such a stack out
        yield from found
        return
    for stack in stacks(template, stage):
        for rules in (function_rules, policy_rules, api_rules, metric_rules, builder_rules):
            found |= dict.fromkeys(rules.problems(stack))
        found |= dict.fromkeys(alarm_rules.problems(stack, names, runbook))
    yield from found
    if "cfn-lint" in json.dumps(template):
        yield "a rule of the linter is ignored: none is, so far; the next one needs a place for its reason"


def stacks(template: dict[str, Any], stage: str, ways: Iterable[dict[str, str]] = WAYS) -> list[Stack]:
    """The stage's stack, set in each of some ways."""
    return [Stack(template=template, name=f"ccc-{stage}", parameters=way) for way in ways]
