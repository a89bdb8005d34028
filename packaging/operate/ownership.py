"""Whether the project that a token opens is a stack's: its marker is there, or a person answers for it.

A list of servers says nothing by itself: the token of any other project gets an empty one. So nobody believes a list,
and no token is stored, before the marker of the table's stack has been seen with that very token.
"""

from __future__ import annotations

from operate.failure import OperateFailed
from operate.provider import Project
from operate.terminal import Terminal


def require(project: Project, uuid: str, terminal: Terminal, *, remedy: str, question: str) -> bool:
    """OperateFailed without the stack's marker, unless the person types the stack's id as the answer to `question`.

    Whether it was the person's word that decided: that is for a marker that somebody deleted.
    """
    markers = {each.stack for each in project.markers()}
    if uuid in markers:
        return False
    others = f"it holds the marker of {', '.join(sorted(markers))}" if markers else "it holds none at all"
    said = f"The marker of stack {uuid} is not in the project that this token opens: {others}."
    terminal.say(said)
    if terminal.ask(f"{question}\nType the stack's id to go on all the same, or nothing: ") != uuid:
        raise OperateFailed(f"{said} Nothing was changed.", remedy)
    return True
