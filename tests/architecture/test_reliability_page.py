"""The page on reliability explains every reason that a run may give, every act, and every alarm of reaper and sweep."""

from __future__ import annotations

import ast
import re

from chalicelib.domain.reasons import Act, Reason, said
from tests.architecture.source import ROOT, parsed

PAGE = (ROOT / "docs/reliability.md").read_text(encoding="utf-8")
REAPING = ("sweep", "losses", "reap", "tick", "due_rows", "outlook", "marker", "clocks", "stages/deleting")
ELSEWHERE = {"catalogue.not_read"}
"""Alarms of a tick that are about something else."""


def cells(begin: str, end: str) -> list[str]:
    """The first cells of the tables between two headings, without their backticks."""
    part = PAGE[PAGE.index(begin) : PAGE.index(end)]
    return re.findall(r"^\| `([^|]+)` \|", part, flags=re.MULTILINE)


def alarms(operation: str) -> set[str]:
    """The events that a file of chalicelib/operations raises."""
    calls = (
        node for node in ast.walk(parsed(ROOT / f"chalicelib/operations/{operation}.py")) if isinstance(node, ast.Call)
    )
    return {
        call.args[0].value
        for call in calls
        if isinstance(call.func, ast.Attribute)
        and call.func.attr == "raise_alarm"
        and isinstance(call.args[0], ast.Constant)
        and isinstance(call.args[0].value, str)
    }


def test_the_page_has_the_reasons_of_the_code_in_their_order() -> None:
    """No reason is missing, none is invented, and they stand in the order of the code."""
    assert cells("## The reasons", "## Alarms") == [reason.value for reason in Reason]


def test_the_page_has_both_words_for_every_act() -> None:
    """What was done, and what a dry run says instead."""
    pairs = re.findall(r"^\| `([^|`]+)` \| `([^|`]+)` \|$", PAGE, flags=re.MULTILINE)
    assert pairs == [(said(act, dry_run=False), said(act, dry_run=True)) for act in Act]


def test_the_page_has_every_alarm_of_the_reaper() -> None:
    """An operator who is called finds the event's name."""
    raised = set().union(*map(alarms, REAPING)) - ELSEWHERE
    told = set(re.findall(r"`([a-z]+\.[a-z_]+)`", PAGE))
    assert len(raised) > 8
    assert raised - told == set()
