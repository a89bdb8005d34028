"""Builder jobs as tasks on Fargate, as the `Installer` port. What a task runs: `builder/Dockerfile`.

**The claim code is in the clear.** It is an environment override of the task, so whoever may call `DescribeTasks` in
this account can read it. It is worth nothing once the builder has claimed: the control plane binds it to the nonce of
the first claim and refuses every other, and the one thing that the claim brings, the order, is never at ECS.

**A start whose reply was lost** is asked for again with the same client token, made of instance and attempt: ECS
answers with the same task for 24 hours, or until an hour after the task's end. With other parameters it answers
`ConflictException` and names the task that has the token: that one is ours too. Where the reference is not known,
`ListTasks` finds the task by `startedBy`, which is the same text, or among the stopped ones of its family.

What goes wrong, and what becomes of it (a row that may not start a builder waits and buys nothing in every case):

* no capacity, or a limit of the account (an error or an entry of `failures`): BuilderFull;
* throttled (by EC2, too: its throttling comes as `InvalidParameterException`), no answer, 5xx: BuilderUnknown;
* any other refusal (no such cluster, task definition or subnet, no right, no credentials): nothing was started and
  nothing will be before somebody acts, so BuilderFull with the reason in `data["code"]`, and the alarm
  `builder.refused`.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from chalicelib.aws.client import AwsClient, Patience
from chalicelib.aws.errors import Answered, AwsError, NotConfigured
from chalicelib.domain.errors import BuilderFull, BuilderUnknown
from chalicelib.operations.ports import Alarms, BuildStart, BuildState

PATIENCE = Patience(connect=5, read=30, tries=3)
"""As AWS's standard mode does by itself. A call may outlast a row's lease: whoever comes next starts the same task."""

LOOK = Patience(connect=2, read=5, tries=2)
"""For looks and ends: neither may hold up what ends, and whoever was not heard asks again."""

LOOKS = (0.5, 1.0, 2.0)
"""Seconds between looks for a task that is not shown: ECS's answers follow its changes after a moment."""

_NO_ROOM = re.compile(
    r"capacity is unavailable|capacity limit exceeded|limit on the number of|^RESOURCE:", re.IGNORECASE
)
_BUSY = re.compile(r"rate exceeded|throttling|request limit exceeded", re.IGNORECASE)
_NO_SUCH_TASK = "task was not found"
_WAITING = frozenset({"PROVISIONING", "PENDING", "ACTIVATING"})
_ENDED = frozenset({"STOPPED", "DELETED"})


@dataclass(frozen=True, slots=True, kw_only=True)
class FargateTask:
    """Where a builder runs: cluster, task definition (`family[:revision]`), its container's name, and the network.

    Without `public_ip` the subnets need another way out to the internet.
    """

    cluster: str
    definition: str
    subnets: tuple[str, ...]
    security_groups: tuple[str, ...] = ()
    container: str = "builder"
    public_ip: bool = True


class _Refused(Exception):
    """ECS will not do it until somebody changes something; the text is AWS's name for the reason."""


class FargateInstaller:
    """Runs `task` once per attempt; region, credentials and endpoint are those that botocore finds."""

    def __init__(
        self,
        task: FargateTask,
        alarms: Alarms,
        *,
        region: str | None = None,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._task = task
        self._alarms = alarms
        self._ecs = AwsClient("ecs", PATIENCE, region=region)
        self._look = AwsClient("ecs", LOOK, region=region)
        self._pause = pause

    def start(self, start: BuildStart) -> str:
        """Start one attempt's task, or find it started; returns the task's ARN. BuilderFull, BuilderUnknown."""
        try:
            with _translated():
                return self._run(start)
        except _Refused as refusal:
            self._alarm("RunTask", str(refusal), start.instance_id, start.attempt)
            raise BuilderFull(f"ECS starts no task ({refusal}).", code=str(refusal)) from refusal

    def state(self, instance_id: str, attempt: int, reference: str) -> BuildState:
        """What ECS knows of the task, for at least an hour after its end. BuilderUnknown: no answer."""
        with self._asking("DescribeTasks", instance_id, attempt):
            arn = reference or self._found(_name(instance_id, attempt))
            return self._state(arn) if arn else BuildState.UNKNOWN

    def stop(self, instance_id: str, attempt: int, reference: str) -> None:
        """Ask for the end of the task: SIGTERM, and 30 s later SIGKILL. BuilderUnknown: no answer."""
        with self._asking("StopTask", instance_id, attempt):
            arn = reference or self._found(_name(instance_id, attempt))
            if arn:
                self._stop(arn)

    def _run(self, start: BuildStart) -> str:
        name = _name(start.instance_id, start.attempt)
        try:
            answer = self._ecs.call(
                "run_task",
                cluster=self._task.cluster,
                taskDefinition=self._task.definition,
                launchType="FARGATE",
                count=1,
                clientToken=name,
                startedBy=name,
                networkConfiguration={"awsvpcConfiguration": _network(self._task)},
                overrides={"containerOverrides": [{"name": self._task.container, "environment": _environment(start)}]},
            )
        except Answered as error:
            taken = error.document.get("resourceIds")
            if error.code == "ConflictException" and taken:
                return str(taken[0])
            raise
        return _started(answer)

    def _state(self, arn: str) -> BuildState:
        for pause in (*LOOKS, None):
            tasks = self._look.call("describe_tasks", cluster=self._task.cluster, tasks=[arn]).get("tasks", [])
            if tasks:
                return _state(tasks[0].get("lastStatus", ""))
            if pause is not None:
                self._pause(pause)
        return BuildState.UNKNOWN

    def _found(self, name: str) -> str:
        """The ARN of the task that was started under this name, running or stopped, or nothing.

        `startedBy` must be the only filter (ECS refuses it beside any other), and without another only tasks that are
        meant to run are listed: those that end or have ended are looked through one by one.
        """
        for arns in self._listed(startedBy=name):
            return arns[0]
        for arns in self._listed(desiredStatus="STOPPED", family=self._task.definition.partition(":")[0]):
            answer = self._look.call("describe_tasks", cluster=self._task.cluster, tasks=arns)
            for task in answer.get("tasks", []):
                if task.get("startedBy") == name:
                    return str(task["taskArn"])
        return ""

    def _listed(self, **filters: str) -> Iterator[list[str]]:
        """The ARNs of tasks, page by page (at most a hundred each), without empty pages."""
        more: dict[str, str] = {}
        while True:
            answer = self._look.call("list_tasks", cluster=self._task.cluster, **filters, **more)
            if arns := [str(arn) for arn in answer.get("taskArns", [])]:
                yield arns
            if not answer.get("nextToken"):
                return
            more = {"nextToken": answer["nextToken"]}

    def _stop(self, arn: str) -> None:
        try:
            self._look.call("stop_task", cluster=self._task.cluster, task=arn, reason="the attempt is over")
        except Answered as error:
            if _NO_SUCH_TASK not in error.message:
                raise

    @contextmanager
    def _asking(self, operation: str, instance_id: str, attempt: int) -> Iterator[None]:
        """Within this a refusal is an alarm and BuilderUnknown: what became of the task is not known."""
        try:
            with _translated():
                yield
        except BuilderFull as full:  # a limit in an answer to a question says nothing of the task
            raise BuilderUnknown("ECS did not answer.", **full.data) from full
        except _Refused as refusal:
            self._alarm(operation, str(refusal), instance_id, attempt)
            raise BuilderUnknown(f"ECS does not answer ({refusal}).", code=str(refusal)) from refusal

    def _alarm(self, operation: str, code: str, instance_id: str, attempt: int) -> None:
        place = f"fargate://{self._task.cluster}/{self._task.definition}"
        fields = {"place": place, "operation": operation, "code": code}
        self._alarms.raise_alarm("builder.refused", **fields, instance_id=instance_id, attempt=attempt)


def _name(instance_id: str, attempt: int) -> str:
    """At most 21 characters: `startedBy` took 36 for years (128 now), `clientToken` takes 64."""
    return f"ccc-{instance_id}-{attempt}"


def _network(task: FargateTask) -> dict[str, Any]:
    network: dict[str, Any] = {
        "subnets": list(task.subnets),
        "assignPublicIp": "ENABLED" if task.public_ip else "DISABLED",
    }
    if task.security_groups:  # without any the VPC's default group is taken
        network["securityGroups"] = list(task.security_groups)
    return network


def _environment(start: BuildStart) -> list[dict[str, str]]:
    given = {
        "CCC_API_URL": start.api_url,
        "CCC_INSTANCE_ID": start.instance_id,
        "CCC_ATTEMPT": str(start.attempt),
        "CCC_CLAIM_CODE": start.claim_code,
    }
    return [{"name": name, "value": value} for name, value in given.items()]


def _started(answer: dict[str, Any]) -> str:
    for task in answer.get("tasks", []):
        return str(task["taskArn"])
    for failure in answer.get("failures", []):
        reason = str(failure.get("reason", ""))
        if _NO_ROOM.search(reason):
            raise BuilderFull("There is no room for another task.", code=reason)
        raise _Refused(reason)
    raise BuilderUnknown("ECS answered with neither a task nor a failure.")


def _state(last_status: str) -> BuildState:
    """A status that is not known counts as running: an attempt is over when ECS says so."""
    if last_status in _ENDED:
        return BuildState.STOPPED
    return BuildState.QUEUED if last_status in _WAITING else BuildState.RUNNING


@contextmanager
def _translated() -> Iterator[None]:
    """Whatever AWS's silence or refusal is, as BuilderFull, BuilderUnknown or _Refused."""
    try:
        yield
    except Answered as error:
        raise _meaning(error) from error
    except NotConfigured as error:
        raise _Refused(error.code) from error
    except AwsError as error:
        raise BuilderUnknown(f"ECS did not answer ({error.code}).") from error


def _meaning(error: Answered) -> Exception:
    if _NO_ROOM.search(error.message):
        return BuilderFull("There is no room for another task.", code=error.code)
    if error.broken or error.throttled or _BUSY.search(error.message):
        return BuilderUnknown(f"ECS did not do what was asked ({error.code}).", code=error.code)
    return _Refused(error.code)
