"""Whether the provider's project holds a machine of this table: what speaks for it where no marker does.

A table without machines has nothing to lose in a wrong project, and is not held against one.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from chalicelib.domain.errors import NoMarker
from chalicelib.domain.instance import Instance
from chalicelib.operations.ports import Instances
from chalicelib.operations.services import Services
from chalicelib.operations.stages import creating

MOST = 20
"""So many machines are asked for: one that answers is enough, and a few may have been deleted by hand."""

PAGE = 200


def expect_machine(services: Services) -> None:
    """NoMarker when the table has machines and none of them is there with our labels; ProviderError, ProviderUnknown.

    A row whose create may be on its way counts as a machine: it is looked for by its name.
    """
    asked = 0
    for row in islice(_with_server(services.instances), MOST):
        asked += 1
        if _is_there(services, row):
            return
    if asked:
        raise NoMarker(
            f"The provider's project has no marker of this stack, and of {asked} machines that the table knows none is "
            "there: the token seems to be of another project. Nothing was changed. Only if every machine was deleted "
            "by hand: `ccc accept-restore --plant-marker --machines-are-gone`."
        )


def _is_there(services: Services, row: Instance) -> bool:
    servers, machine = services.servers, row.machine
    found = servers.find(row.name) if machine is None else servers.get(machine.server_id)
    return found is not None and creating.ours(services, row, found)


def _with_server(instances: Instances) -> Iterator[Instance]:
    """Rows that live and have a server, or may have one."""
    cursor: str | None = None
    while True:
        page = instances.page(ended=False, limit=PAGE, cursor=cursor)
        yield from (row for row in page.instances if not creating.was_never_sent(row))
        cursor = page.next_cursor
        if cursor is None:
            return
