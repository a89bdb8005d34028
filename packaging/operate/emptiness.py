"""Whether nothing of a founded stack lives: no row that may have a server, and no server in the stack's own project.

Not knowing is no confirmation: without the token, without an answer and without the marker the answer is no.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from operate import ownership, parameters, table
from operate.aws import Aws
from operate.failure import OperateFailed
from operate.provider import Project
from operate.secret_making import HETZNER
from operate.stage import Stage
from operate.table import Founded
from operate.terminal import Terminal

SHOWN = 10
QUESTION = (
    "With the token of another project every list is empty. If the marker was deleted, or the whole project: look\n"
    "into the provider's console, in every project of yours, whether a server called cc-… is left. If none is:"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Emptiness:
    """One stage whose table is `table`; `project` opens the provider's project of a token."""

    aws: Aws
    stage: Stage
    terminal: Terminal
    project: Callable[[str], Project]
    table: str

    def require_no_rows(self, founded: Founded | None) -> None:
        """OperateFailed while a row may have a server, or there are rows of a stack that is not known."""
        rows = list(table.rows(self.aws, self.table))
        living = [each.instance_id for each in rows if each.lives]
        if living:
            raise OperateFailed(
                f"{len(living)} instances live: {_some(living)}.", "ccc pause; ccc list; ccc deprovision ID"
            )
        if rows and founded is None:
            said = f"{self.table} has rows and no stack item, so nobody can tell which servers are its own."
            raise OperateFailed(said, f"make deploy STAGE={self.stage.name}, which founds it; or restore the table")

    def require_no_servers(self, uuid: str, *, confirmed: bool) -> bool:
        """OperateFailed while a server is there, or nobody can tell; `confirmed`: the marker is known to be gone.

        Whether that is known now, so that nobody has to be asked a second time.
        """
        project = self.opened()
        if not confirmed:
            remedy = f"make secrets STAGE={self.stage.name} ROTATE=hetzner, with a token of the stack's own project"
            confirmed = ownership.require(project, uuid, self.terminal, remedy=remedy, question=QUESTION)
        servers = project.servers(uuid)
        if servers:
            said = f"{len(servers)} servers of this stack are there: {_some(servers)}."
            raise OperateFailed(said, "ccc reap; ccc reap --dry-run")
        self.terminal.say("no instance lives, and no server of this stack is at the provider")
        return confirmed

    def opened(self) -> Project:
        """The project of the stored token; OperateFailed without one."""
        name = f"{self.stage.path}/{HETZNER}"
        token = parameters.read(self.aws, name)
        if token is None:
            said = f"{name} is missing, so nobody can tell whether servers are left."
            raise OperateFailed(said, f"make secrets STAGE={self.stage.name}")
        return self.project(token.value)


def _some(names: Iterable[str]) -> str:
    shown = list(names)
    return ", ".join(shown[:SHOWN]) + (", …" if shown[SHOWN:] else "")
