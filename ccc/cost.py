"""What a machine costs, in words; the service tells it to operators only."""

from __future__ import annotations

from typing import Any

from ccc.instance import ENDING, OVER


def cost_in_words(document: dict[str, Any]) -> str | None:
    """Return what an instance object says of its cost in euros, or None when it says nothing.

    What never ran is charged to nobody, and costs the operator all the same: that it is theirs is said with it.
    """
    cost = document.get("cost")
    if not isinstance(cost, dict) or cost.get("so_far_eur") is None:
        return None
    so_far, projected = cost["so_far_eur"], cost.get("projected_eur")
    status = document.get("status")
    whose = ", to the operator" if status in OVER | ENDING and document.get("running_at") is None else ""
    if status in OVER:
        return f"{so_far} EUR in all{whose}"
    return f"{so_far} EUR so far{whose}" + ("" if projected is None else f", {projected} EUR until its end")
