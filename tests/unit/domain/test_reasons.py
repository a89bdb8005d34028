"""The vocabulary of runs: one word for each act before and after it, and reasons that can be told apart."""

from __future__ import annotations

import pytest

from chalicelib.domain.reasons import Act, Reason, because, said


@pytest.mark.parametrize("act", list(Act))
def test_every_act_can_be_said_before_and_after(act: Act) -> None:
    """A record says what was done; a dry run says the same act with `would`, and no two acts in one word."""
    assert said(act, dry_run=False) == act.value
    assert said(act, dry_run=True).startswith("would ")
    assert len({said(each, dry_run=True) for each in Act}) == len(Act)


def test_reasons_are_joined_and_the_fact_of_the_case_stands_behind() -> None:
    """Whoever looks a reason up finds it as it is written, whatever stands in parentheses."""
    assert because(Reason.NO_ROW, Reason.SEEN_TWICE) == "no row owns it; seen twice, unchanged"
    assert because(Reason.OWNED, fact="running") == "its row owns it (running)"


def test_no_reason_has_the_marks_by_which_reasons_are_taken_apart() -> None:
    """Semicolons separate reasons and parentheses begin a fact: no reason contains either."""
    assert [reason for reason in Reason if ";" in reason or "(" in reason] == []
