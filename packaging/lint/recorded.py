"""What the functions called in a rehearsal, held against what they may call, by the names of the actions alone.

A rehearsal writes a JSON object a line, `{"function": "ccc-dev-tick", "action": "dynamodb:GetItem"}`, for every call
that botocore made. Every action in it must be allowed to its function. Resources and conditions, and whether each
right of each function is used, are `rights.py`'s matter, which has recordings of its own.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from lint import functions
from lint.resolved import Stack


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One action of one function, by whichever of its names the recorder knew."""

    function: str
    action: str


def calls(lines: Iterable[str]) -> frozenset[Call]:
    """What was recorded; ValueError with the number of a line that cannot be read."""
    found = set()
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                said = json.loads(line)
                found.add(Call(function=str(said["function"]), action=str(said["action"])))
            except (KeyError, TypeError, ValueError) as error:
                raise ValueError(f"line {number} is no recorded call") from error
    return frozenset(found)


def problems(stack: Stack, recorded: Iterable[Call]) -> Iterator[str]:
    """A sentence for every action that was recorded and is not allowed to its function."""
    allowed = functions.allowed(stack)
    for call in sorted(recorded, key=lambda each: (each.function, each.action)):
        try:
            function = functions.logical_id(stack, call.function)
        except KeyError:
            yield f"{call.function} is no function of ours, and called {call.action}"
        else:
            if call.action not in allowed[function]:
                yield f"{function} called {call.action}, which it may not"
