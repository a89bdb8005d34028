"""Whether the provider's project is that of the stage's table: the marker's name holds the uuid that the table knows.

Any other marker is another stack's: with such a token nothing of ours is ever deleted.
"""

from __future__ import annotations

from typing import Any

from ccc.cloud_account import Cloud, CloudRefused
from ccc.cloud_stage import CloudStage
from ccc.finding import Finding, good, missing, note

NAME = "marker"
PREFIX = "ccc-stack-"
KEY = {"key": {"S": "stack"}}
"""Of the item in which a table says whose it is."""


def marker(account: Cloud, stage: CloudStage, names: list[str]) -> Finding:
    """Return whether the project, whose SSH keys have these names, holds the marker of the stage's table."""
    markers = [name.removeprefix(PREFIX) for name in names if name.startswith(PREFIX)]
    shown = f"the marker{'' if len(markers) == 1 else 's'} of {', '.join(markers)}" if markers else "no marker"
    try:
        ours = _of_table(account, stage)
    except CloudRefused as error:
        if error.not_allowed:
            remedy = "look with credentials that may read everything"
            return note(NAME, f"the project holds {shown}; these credentials may not read whose the table is", remedy)
        return missing(NAME, f"the table does not say whose it is ({error.code})", "ccc doctor --cloud    (again)")
    if ours is None:
        return missing(NAME, f"the stack is not founded; the project holds {shown}", f"make deploy STAGE={stage.name}")
    if ours not in markers:
        return _foreign(stage, ours, shown)
    if len(markers) > 1:
        said = f"{len(markers)} stacks share the project: {', '.join(markers)}; {ours} is this one"
        return note(NAME, said, "give each stack a project of its own")
    return good(NAME, f"stack {ours}")


def _foreign(stage: CloudStage, ours: str, shown: str) -> Finding:
    said = f"the project holds {shown}, and not that of {ours}, the table's; so nothing is deleted there"
    token = f"make secrets STAGE={stage.name} ROTATE=hetzner"
    return missing(NAME, said, f"{token}    (or, if the marker was deleted: ccc accept-restore --plant-marker)")


def _of_table(account: Cloud, stage: CloudStage) -> str | None:
    """Return the uuid of the table's stack; None where there is no table, or nothing was founded."""
    table = stage.outputs.get("TableName")
    if table is None:
        return None
    try:
        answer: dict[str, Any] = account.ask("dynamodb", "get_item", TableName=table, Key=KEY, ConsistentRead=True)
    except CloudRefused as error:
        if error.absent:
            return None
        raise
    return str(answer["Item"]["body"]["M"]["uuid"]["S"]) if "Item" in answer else None
