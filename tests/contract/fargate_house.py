"""A stand-in of ECS for tasks on Fargate: the four requests that the product makes, over HTTP; nothing runs.

moto was tried (5.2.5) and is not used here. Its RunTask does not look at `clientToken`, so the same token gives two
tasks, and other parameters are no conflict; nothing is ever without capacity; ListTasks without a status shows stopped
tasks too; DescribeTasks does not name what is missing, and every look at a task takes it nearer to its end by itself; a
task that does not exist makes StopTask break instead of being refused.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from chalicelib.adapters.fargate_installer import FargateInstaller, FargateTask
from onebox.codebuild.refusal import Refusal
from onebox.codebuild.wire import Operations, Server, serving
from tests.contract.codebuild_house import REGION, aws_settings
from tests.fakes.alarms import FakeAlarms

TARGET = "AmazonEC2ContainerServiceV20141113"
TASK = FargateTask(
    cluster="ccc", definition="builder:7", subnets=("subnet-0a1b", "subnet-0c2d"), security_groups=("sg-0e3f",)
)
FULL = "You've reached the limit on the number of vCPUs you can run concurrently"
_FAMILY = TASK.definition.partition(":")[0]
_FILTERS = frozenset({"containerInstance", "daemonName", "desiredStatus", "family", "launchType", "serviceName"})
_PAGE = 2
"""Tasks a page: a hundred at ECS, so few here that a test has several pages."""
_ACCOUNT = f"arn:aws:ecs:{REGION}:000000000000"


class Ecs:
    """One cluster with one task definition and room for `slots` tasks; `slow` hides a new task from so many looks."""

    def __init__(self, slots: int, slow: int = 0) -> None:
        self.tasks: dict[str, dict[str, Any]] = {}
        self.asked: list[dict[str, Any]] = []
        self._slots = slots
        self._hidden = slow
        self._tokens: dict[str, tuple[str, str]] = {}

    def operations(self) -> Operations:
        """What is served, by name."""
        known: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "RunTask": self.run,
            "ListTasks": self.list,
            "DescribeTasks": self.describe,
            "StopTask": self.stop,
        }
        return {name: self._in_cluster(operation) for name, operation in known.items()}

    def run(self, request: dict[str, Any]) -> dict[str, Any]:
        """Start a task, or answer with the one that the token has started."""
        self.asked.append(request)
        token, text = request["clientToken"], json.dumps(request, sort_keys=True)
        if token in self._tokens:
            arn, before = self._tokens[token]
            if text != before:
                raise _Conflict(arn)
            return {"tasks": [self.tasks[arn]], "failures": []}
        if request["taskDefinition"] != TASK.definition:
            raise Refusal("ClientException", "TaskDefinition not found.")
        if sum(task["lastStatus"] != "STOPPED" for task in self.tasks.values()) >= self._slots:
            return {"tasks": [], "failures": [{"arn": f"{_ACCOUNT}:container/none", "reason": FULL}]}
        arn = f"{_ACCOUNT}:task/{TASK.cluster}/{uuid.uuid4().hex}"
        self.tasks[arn] = {"taskArn": arn, "lastStatus": "RUNNING", "desiredStatus": "RUNNING"}
        self.tasks[arn]["startedBy"] = request["startedBy"]
        self._tokens[token] = (arn, text)
        return {"tasks": [{**self.tasks[arn], "lastStatus": "PROVISIONING"}], "failures": []}

    def list(self, request: dict[str, Any]) -> dict[str, Any]:
        """Tasks of one desired status (RUNNING where none is named), by who started them or by family; a few a page.

        `startedBy` with any other filter is refused, as ECS does it (aws/aws-sdk-go-v2#1893).
        """
        if "startedBy" in request and _FILTERS & request.keys():
            raise Refusal("InvalidParameterException", "cannot specify startedBy with other arguments")
        desired, begin = request.get("desiredStatus", "RUNNING"), int(request.get("nextToken", 0))
        starter, family = request.get("startedBy"), request.get("family", _FAMILY)
        found = [
            arn
            for arn, task in self.tasks.items()
            if task["desiredStatus"] == desired and starter in {None, task["startedBy"]} and family == _FAMILY
        ]
        following = {"nextToken": str(begin + _PAGE)} if found[begin + _PAGE :] else {}
        return {"taskArns": found[begin : begin + _PAGE], **following}

    def describe(self, request: dict[str, Any]) -> dict[str, Any]:
        """What is known of tasks; a task that ends is DEPROVISIONING for one look."""
        if self._hidden:
            self._hidden -= 1
            return {"tasks": [], "failures": [{"arn": arn, "reason": "MISSING"} for arn in request["tasks"]]}
        known = [dict(self.tasks[arn]) for arn in request["tasks"] if arn in self.tasks]
        for task in known:
            if task["lastStatus"] == "DEPROVISIONING":
                self.tasks[task["taskArn"]]["lastStatus"] = "STOPPED"
        missing = [{"arn": arn, "reason": "MISSING"} for arn in request["tasks"] if arn not in self.tasks]
        return {"tasks": known, "failures": missing}

    def stop(self, request: dict[str, Any]) -> dict[str, Any]:
        """Ask for a task's end."""
        task = self.tasks.get(request["task"])
        if task is None:
            raise Refusal("InvalidParameterException", "The referenced task was not found.")
        task["desiredStatus"] = "STOPPED"
        if task["lastStatus"] == "RUNNING":
            task["lastStatus"] = "DEPROVISIONING"
        return {"task": task}

    @staticmethod
    def _in_cluster(operation: Callable[[dict[str, Any]], dict[str, Any]]) -> Callable[..., dict[str, Any]]:
        def checked(request: dict[str, Any]) -> dict[str, Any]:
            if request.get("cluster") != TASK.cluster:
                raise Refusal("ClusterNotFoundException", "Cluster not found.")
            return operation(request)

        return checked


class _Conflict(Refusal):
    def __init__(self, arn: str) -> None:
        super().__init__("ConflictException", "The clientToken is in use.", fields={"resourceIds": [arn]})


@contextmanager
def house(ecs: Ecs, task: FargateTask = TASK) -> Iterator[FargateInstaller]:
    """An installer at this stand-in; it does not really wait between looks."""
    with serving(Server(TARGET, ecs.operations())) as url, aws_settings("ECS", url):
        yield FargateInstaller(task, FakeAlarms(), region=REGION, pause=lambda _: None)
