"""`make destroy`: the end of a stage, in an order in which nothing that costs money can be left behind.

1. Nothing lives: no row that may have a server, no server with the stack's labels in the project that holds the stack's
marker. 2. The stage's name is typed. 3. The API function is stopped, so that nothing new is ordered, while worker, tick
and reaper go on. 4. Requests that were under way are waited for, and 1. is asked again. 5. It is noted that the servers
are gone; then the marker goes. 6. The stack goes; the table stays. 7. The secrets go, if that was asked for: they come
last, since a repetition of 1. needs the provider's token.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from chalicelib.aws.errors import Answered
from operate import end_note, parameters, table
from operate.aws import Aws, account_of, is_absent
from operate.emptiness import Emptiness
from operate.failure import OperateFailed
from operate.progress import Pace, Watch
from operate.provider import Project
from operate.secret_making import HETZNER, KEYRING, SMTP
from operate.stack import Stack, look
from operate.stage import Stage
from operate.table import Founded
from operate.terminal import Terminal
from operate.without_stack import WithoutStack

UNDER_WAY_SECONDS = 35.0
"""The API function has 29 seconds; an order that began before its end has a row by then."""

GONE = "DELETE_COMPLETE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Destruction:
    """The end of one stage; `project` opens the provider's project of a token."""

    aws: Aws
    stage: Stage
    terminal: Terminal
    project: Callable[[str], Project]
    secrets_too: bool = False
    pace: Pace = field(default_factory=Pace)

    def carry_out(self) -> None:
        """End the stage, or OperateFailed with what stands against it; may be killed and repeated at any moment."""
        stack = look(self.aws, self.stage.stack)
        if stack is None:
            self.terminal.say(f"There is no stack {self.stage.stack} in {self.aws.region}.")
            if not self._secrets_may_go():
                return
        elif (name := table.name_of(self.aws, stack)) is not None:
            self._end(stack, name)
        else:
            self._require_typed()
            self._delete_stack(stack)
        if self.secrets_too:
            self._delete_secrets()

    def _end(self, stack: Stack, name: str) -> None:
        founded = table.founded(self.aws, name)
        confirmed = founded is not None and end_note.is_good(self.aws, self.stage, founded)
        confirmed = self._require_empty(name, founded, confirmed=confirmed)
        self._tell_what_stays(name)
        self._require_typed()
        self._stop_orders()
        try:
            self.pace.wait(UNDER_WAY_SECONDS)
            self._require_empty(name, founded, confirmed=confirmed)
        except BaseException:
            self._let_orders()
            raise
        if founded is not None:
            end_note.write(self.aws, self.stage, founded)
            self._delete_marker(name, founded.uuid)
        self._delete_stack(stack)

    def _require_empty(self, name: str, founded: Founded | None, *, confirmed: bool) -> bool:
        """OperateFailed while a row may have a server, or a server is there, or nobody can tell.

        `confirmed`, in and out: the marker is missing rightly, and the list is believed without it.
        """
        emptiness = self._emptiness(name)
        emptiness.require_no_rows(founded)
        if founded is None:
            self.terminal.say(f"{name} has no stack item: the stack was never founded, so it has no server")
            return False
        return emptiness.require_no_servers(founded.uuid, confirmed=confirmed)

    def _emptiness(self, name: str) -> Emptiness:
        return Emptiness(aws=self.aws, stage=self.stage, terminal=self.terminal, project=self.project, table=name)

    def _secrets_may_go(self) -> bool:
        """Whether there are secrets that were to go; OperateFailed while a server may need them."""
        rest = WithoutStack(aws=self.aws, stage=self.stage, terminal=self.terminal, project=self.project)
        if not self.secrets_too or not rest.has_secrets():
            return False
        rest.require_nothing_left()
        self._require_typed()
        return True

    def _require_typed(self) -> None:
        if self.terminal.ask(f"Type the stage's name to end it for good ({self.stage.name}): ") != self.stage.name:
            raise OperateFailed("That is not its name; nothing was changed.")

    def _stop_orders(self) -> None:
        """No concurrency at all is how Lambda stops a function."""
        self._call_api("put_function_concurrency", ReservedConcurrentExecutions=0)
        self.terminal.say(f"{self.stage.api}: stopped; requests that were under way are waited for")

    def _let_orders(self) -> None:
        self._call_api("delete_function_concurrency")
        self.terminal.say(f"{self.stage.api}: answers again")

    def _call_api(self, operation: str, **request: int) -> None:
        """Change the API function; one that was never made, or has gone, is no obstacle."""
        try:
            self.aws.call("lambda", operation, FunctionName=self.stage.api, **request)
        except Answered as error:
            if not is_absent(error):
                raise

    def _delete_marker(self, name: str, uuid: str) -> None:
        """Only now, with the servers confirmed gone: without it nothing at the provider could be told to be ours."""
        project = self._emptiness(name).opened()
        for marker in project.markers():
            if marker.stack == uuid:
                project.delete_marker(marker)
                self.terminal.say(f"the marker of {uuid}: deleted")

    def _delete_stack(self, stack: Stack) -> None:
        watch = Watch(aws=self.aws, stack=stack.id, terminal=self.terminal, pace=self.pace)
        watch.begin()
        self.aws.call("cloudformation", "delete_stack", StackName=stack.id)
        after = watch.until_still()
        if after is not None and after.status != GONE:
            failures = "".join(f"\n  {each}" for each in watch.failures())
            said = f"{self.stage.stack} is {after.status}; what failed, the first first:{failures}"
            raise OperateFailed(said, f"mend it, then make destroy STAGE={self.stage.name}")
        self.terminal.say(f"{self.stage.stack}: deleted")

    def _tell_what_stays(self, name: str) -> None:
        bucket = self.stage.bucket(account_of(self.aws), self.aws.region)
        stays = [
            f"the table {name}, protected against deletion. To lose it and all that is in it:",
            f"    aws dynamodb update-table --table-name {name} --no-deletion-protection-enabled",
            f"    aws dynamodb delete-table --table-name {name}",
            f"the bucket {bucket} with all artefacts (its versions have to be deleted first)",
            "the role by which API Gateway writes logs, the mail identity, what was set at your DNS",
            "the project at the provider and its token: revoke it in the provider's console",
        ]
        if not self.secrets_too:
            stays.append(
                f"the parameters beneath {self.stage.path}: make destroy STAGE={self.stage.name} SECRETS=1 deletes them"
            )
        self.terminal.say("What stays when the stack goes:")
        for line in stays:
            self.terminal.say(f"  {line}")

    def _delete_secrets(self) -> None:
        for name in (KEYRING, SMTP, HETZNER):
            if parameters.delete(self.aws, self._parameter(name)):
                self.terminal.say(f"{self._parameter(name)}: deleted")
        end_note.delete(self.aws, self.stage)

    def _parameter(self, name: str) -> str:
        return f"{self.stage.path}/{name}"
