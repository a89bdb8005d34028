"""Whether a deployment puts another stack's table, or a table of no stack, in the place of the one in use.

With a table that does not know this stack, its marker means nothing: every machine would be forgotten, and cost on. A
change set does not show that, since a restored table comes in by a parameter and is no resource of the stack.
"""

from __future__ import annotations

from collections.abc import Mapping

from operate import table
from operate.aws import Aws
from operate.failure import OperateFailed
from operate.stack import Stack

REMEDY = "read docs/operating.md, 'Restore from backup'; then make deploy I_KNOW=1"


def require_own(aws: Aws, before: Stack | None, asked: Mapping[str, str]) -> None:
    """OperateFailed when `asked` parameters name a table whose stack is not that of the table in use before."""
    if table.RESTORED not in asked:
        return
    there = before is not None and not before.empty
    in_use = table.name_of(aws, before) if before is not None and there else None
    own = table.own_name_of(aws, before) if before is not None and there else None
    wanted = asked[table.RESTORED] or own
    if wanted is not None and wanted != in_use:
        _require_same(aws, in_use, wanted)


def _require_same(aws: Aws, in_use: str | None, wanted: str) -> None:
    found = table.founded(aws, wanted)
    if found is None:
        raise OperateFailed(f"{wanted} is not there, or has no stack item: no stack ever worked with it.", REMEDY)
    known = None if in_use is None else table.founded(aws, in_use)
    if known is not None and known.uuid != found.uuid:
        said = f"{wanted} is of stack {found.uuid}, and {in_use}, which is in use, of {known.uuid}."
        raise OperateFailed(f"{said} Every instance would be forgotten.", REMEDY)
