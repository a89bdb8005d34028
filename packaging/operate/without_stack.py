"""Whether the secrets of a stage may go whose stack is gone already: none of its servers may need the token any more.

The table was kept when the stack went, and says whose it was. A note that the stage was ended speaks for the one stack
that it names. Without a note an empty list of markers says nothing: any other project's token gets one too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from operate import end_note, parameters, table
from operate.aws import Aws
from operate.emptiness import Emptiness
from operate.failure import OperateFailed
from operate.provider import Marker, Project
from operate.secret_making import HETZNER, KEYRING, SMTP
from operate.stage import Stage
from operate.terminal import Terminal

NOTHING_LEFT = "no server is left"
REMEDY = "compare with the provider's console; then delete the parameters by hand"


@dataclass(frozen=True, slots=True, kw_only=True)
class WithoutStack:
    """A stage without a stack; `project` opens the provider's project of a token."""

    aws: Aws
    stage: Stage
    terminal: Terminal
    project: Callable[[str], Project]

    def has_secrets(self) -> bool:
        """Whether there is anything to delete."""
        return bool({KEYRING, SMTP, HETZNER, end_note.NAME} & parameters.names(self.aws, self.stage.path))

    def require_nothing_left(self) -> None:
        """OperateFailed where a server may need the token, or nobody can tell and no person answers for it."""
        token = parameters.read(self.aws, f"{self.stage.path}/{HETZNER}")
        markers = [] if token is None else self.project(token.value).markers()
        ended = end_note.names(self.aws, self.stage)
        if ended is None:
            self._require_none(markers)
            self._require_confirmed()
        else:
            self._require_none([each for each in markers if each.stack == ended])
            self._require_others_known(markers)

    def _require_none(self, markers: list[Marker]) -> None:
        if markers:
            named = ", ".join(each.stack for each in markers)
            said = f"There are markers of stacks in the project ({named}): their servers may need this token."
            raise OperateFailed(said, REMEDY)

    def _require_others_known(self, markers: list[Marker]) -> None:
        """The note does not speak for these: a person says that they have a token of their own."""
        for marker in markers:
            self.terminal.say(
                f"The project holds the marker of {marker.stack}, too, and that is not the one that ended."
            )
            question = "If it is of another stage, which has a token of its own, type its id, or nothing: "
            if self.terminal.ask(question) != marker.stack:
                raise OperateFailed("Its servers may need this token; nothing was deleted.", REMEDY)

    def _require_confirmed(self) -> None:
        """Nothing was noted: each table that was kept is asked, and a person answers for what no marker confirms."""
        kept = list(table.kept(self.aws, self.stage.stack))
        founded = [(name, found) for name in kept if (found := table.founded(self.aws, name)) is not None]
        for name, found in founded:
            emptiness = Emptiness(
                aws=self.aws, stage=self.stage, terminal=self.terminal, project=self.project, table=name
            )
            emptiness.require_no_rows(found)
            emptiness.require_no_servers(found.uuid, confirmed=False)
        if not founded:
            self._require_word()

    def _require_word(self) -> None:
        self.terminal.say("Nobody can tell which servers this stage had: no stack, no table, no note of its end.")
        self.terminal.say("Look into the provider's console, in every project of yours, for servers called cc-….")
        if self.terminal.ask(f'If there is none, type "{NOTHING_LEFT}": ') != NOTHING_LEFT:
            raise OperateFailed("That was not confirmed; nothing was deleted.", REMEDY)
