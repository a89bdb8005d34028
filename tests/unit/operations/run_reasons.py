"""A run's record taken apart: the reasons that it gives, without the facts of the single case."""

from __future__ import annotations

from chalicelib.domain.reasons import Reason
from chalicelib.operations.ports import Run

KNOWN = {reason.value for reason in Reason}


def reasons_of(run: Run) -> set[str]:
    """Every reason in a record, its freeze included; counters have words of their own and are left out."""
    whys = [entry.why for entry in (*run.did, *run.skipped) if "counter" not in entry.what]
    whys += [run.frozen] if run.frozen else []
    return {part for why in whys for part in why.split(" (")[0].split("; ")}
