"""Found the stack: its uuid in the table, its marker at the provider. A deployment or a first start does this, once.

The private half of the marker's key is thrown away before anybody sees it. With a marker known, nothing is made: a
marker that has gone missing is an alarm, never a reason to plant a new one in passing (rule R11).
"""

from __future__ import annotations

import uuid
from dataclasses import replace

from chalicelib.domain.errors import ProviderError, WriteConflict
from chalicelib.operations.ports import MarkerState, StackState
from chalicelib.operations.services import Services


def found_stack(services: Services) -> StackState:
    """The stack, founded now or before; ProviderError when the marker's name is taken by somebody else."""
    stack = services.stack.get() or _first(services)
    if stack.marker_id is not None:
        return stack
    marker = services.servers.plant_marker(stack.uuid, stack.epoch, unowned_key(services))
    if marker.state is not MarkerState.OURS or marker.marker_id is None:
        raise ProviderError("The marker's name is taken at the provider by a key that is not this stack's.")
    return services.stack.write(replace(stack, marker_id=marker.marker_id), stack)


def unowned_key(services: Services) -> str:
    """The public half of a key whose private half nobody has ever had."""
    return services.identities.key_pair(bytes.fromhex(services.ids.new() + services.ids.new())).public


def _first(services: Services) -> StackState:
    state = StackState(uuid=str(uuid.UUID(hex=services.ids.new())), epoch=1)
    try:
        return services.stack.write(state, None)
    except WriteConflict:
        existing = services.stack.get()
        if existing is None:
            raise
        return existing
