"""`make destroy`: the end of a stage, in an order in which nothing that costs money can be left behind.

1. Nothing lives: no row that may have a server, no server with the stack's labels. 2. The stage's name is typed.
3. The API function is stopped, so that nothing new is ordered, while worker, tick and reaper go on. 4. Requests that
were under way are waited for, and 1. is asked again. 5. The marker goes. 6. The stack goes; the table stays. 7. The
secrets go, if that was asked for: they come last, since a repetition of 1. needs the provider's token.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from chalicelib.aws.errors import Answered
from operate import parameters, table
from operate.aws import Aws, account_of, is_absent
from operate.failure import OperateFailed
from operate.progress import Pace, Watch
from operate.provider import Project
from operate.secret_making import HETZNER, KEYRING, SMTP
from operate.stack import Stack, look
from operate.stage import Stage
from operate.terminal import Terminal

UNDER_WAY_SECONDS = 35.0
"""The API function has 29 seconds; an order that began before its end has a row by then."""

GONE = "DELETE_COMPLETE"
SHOWN = 10


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
        if stack is not None and "TableName" in stack.outputs:
            self._end(stack)
        elif stack is not None:
            self._require_typed()
            self._delete_stack(stack)
        else:
            self.terminal.say(f"There is no stack {self.stage.stack} in {self.aws.region}.")
            if self.secrets_too:
                self._require_nothing_left()
        if self.secrets_too:
            self._delete_secrets()

    def _end(self, stack: Stack) -> None:
        uuid = table.stack_uuid(self.aws, stack.outputs["TableName"])
        self._require_empty(stack, uuid)
        self._tell_what_stays(stack)
        self._require_typed()
        self._stop_orders()
        try:
            self.pace.wait(UNDER_WAY_SECONDS)
            self._require_empty(stack, uuid)
        except BaseException:
            self._let_orders()
            raise
        self._delete_marker(uuid)
        self._delete_stack(stack)

    def _require_empty(self, stack: Stack, uuid: str | None) -> None:
        """OperateFailed while a row may have a server, or a server is there, or nobody can tell."""
        name = stack.outputs["TableName"]
        living = [each.instance_id for each in table.rows(self.aws, name) if each.lives]
        if living:
            shown = ", ".join(living[:SHOWN]) + (", …" if living[SHOWN:] else "")
            raise OperateFailed(f"{len(living)} instances live: {shown}.", "ccc pause; ccc list; ccc deprovision ID")
        if uuid is None:
            self.terminal.say(f"{name} has no stack item: the stack was never founded, so it has no server")
            return
        servers = self._project().servers(uuid)
        if servers:
            shown = ", ".join(servers[:SHOWN]) + (", …" if servers[SHOWN:] else "")
            raise OperateFailed(
                f"{len(servers)} servers of this stack are there: {shown}.", "ccc reap; ccc reap --dry-run"
            )
        self.terminal.say("no instance lives, and no server of this stack is at the provider")

    def _require_nothing_left(self) -> None:
        """Without the stack nobody knows its uuid: the token stays while any marker or table might still need it."""
        token = parameters.read(self.aws, self._parameter(HETZNER))
        markers = self.project(token.value).markers() if token else []
        if markers:
            named = ", ".join(each.stack for each in markers)
            said = f"There are markers of stacks in the project ({named}): their servers may need this token."
            raise OperateFailed(said, "compare with the provider's console; then delete the parameters by hand")
        self._require_typed()

    def _require_typed(self) -> None:
        if self.terminal.ask(f"Type the stage's name to end it for good ({self.stage.name}): ") != self.stage.name:
            raise OperateFailed("That is not its name; nothing was changed.")

    def _stop_orders(self) -> None:
        """No concurrency at all is how Lambda stops a function."""
        function = f"{self.stage.stack}-api"
        try:
            self.aws.call("lambda", "put_function_concurrency", FunctionName=function, ReservedConcurrentExecutions=0)
        except Answered as error:
            if not is_absent(error):
                raise
        self.terminal.say(f"{function}: stopped; requests that were under way are waited for")

    def _let_orders(self) -> None:
        function = f"{self.stage.stack}-api"
        self.aws.call("lambda", "delete_function_concurrency", FunctionName=function)
        self.terminal.say(f"{function}: answers again")

    def _delete_marker(self, uuid: str | None) -> None:
        """Only now, with the servers confirmed gone: without it nothing at the provider could be told to be ours."""
        project = None if uuid is None else self._project()
        for marker in () if project is None else project.markers():
            if marker.stack == uuid and project is not None:
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

    def _tell_what_stays(self, stack: Stack) -> None:
        name = stack.outputs["TableName"]
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
            stays.append(f"the parameters beneath {self.stage.path}: make destroy SECRETS=1 deletes them")
        self.terminal.say("What stays when the stack goes:")
        for line in stays:
            self.terminal.say(f"  {line}")

    def _delete_secrets(self) -> None:
        for name in (KEYRING, SMTP, HETZNER):
            if parameters.delete(self.aws, self._parameter(name)):
                self.terminal.say(f"{self._parameter(name)}: deleted")

    def _project(self) -> Project:
        token = parameters.read(self.aws, self._parameter(HETZNER))
        if token is None:
            said = f"{self._parameter(HETZNER)} is missing, so nobody can tell whether servers are left."
            raise OperateFailed(said, f"make secrets STAGE={self.stage.name}")
        return self.project(token.value)

    def _parameter(self, name: str) -> str:
        return f"{self.stage.path}/{name}"
