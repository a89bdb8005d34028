"""What a deployed service says of its own stack to an operator: the marker, a freeze, a pause, what is late."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ccc.api import Api
from ccc.errors import CliError
from ccc.finding import Finding, good, missing, note


def stack(api: Api) -> list[Finding]:
    """Return what the service at this address says, or that it says nothing."""
    try:
        state = api.state()
    except CliError as error:
        return [note("service", f"{api.url} does not tell its state: {error.message}", error.next_command)]
    return list(_findings(state))


def _findings(state: dict[str, Any]) -> Iterator[Finding]:
    told = state.get("stack") or {}
    seen = (told.get("marker") or {}).get("state")
    if told.get("frozen"):
        yield missing("freeze", str(told["frozen"]), "read docs/alarms.md, the section stack.frozen")
    if seen == "ours":
        yield good("marker as the service sees it", "ours")
    else:
        said = f"it is {seen}" if seen else "it was not read yet"
        yield missing("marker as the service sees it", said, "read docs/alarms.md, the section sweep.refused")
    if told.get("paused"):
        yield note("pause", "no new machines are made", "ccc resume")
    late = state.get("late") or []
    if late:
        named = ", ".join(str(each.get("instance_id")) for each in late[:5])
        yield missing("late", f"{len(late)} instances: {named}", "ccc reap --dry-run")
    else:
        yield good("late", "nothing is")
