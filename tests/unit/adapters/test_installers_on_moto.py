"""The installers at moto (5.2.5), for what it is right about; the wire stand-ins answer the rest.

CodeBuild. Right: which projects exist, a build's id, that a build which does not exist is left out of an answer and
cannot be stopped. Wrong, so asked of `onebox/codebuild` and of prepared answers: it drops overrides, gives two builds
for one idempotency token, never has a full account, and leaves `buildComplete` false when a build was stopped.

ECS. Right: which clusters and task definitions exist, and that a task keeps its overrides and its name. Wrong, so
asked of `tests/contract/fargate_house.py`: see there; and it breaks without security groups.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any

import botocore.session  # type: ignore[import-untyped]  # botocore ships no types
import pytest
from moto import mock_aws

from chalicelib.adapters.codebuild_installer import CodebuildInstaller
from chalicelib.adapters.fargate_installer import FargateInstaller, FargateTask
from chalicelib.domain.errors import BuilderFull
from chalicelib.operations.ports import BuildStart, BuildState
from tests.contract.codebuild_house import REGION, aws_settings
from tests.fakes.alarms import FakeAlarms

ID = "0123456789ab"
PROJECT = "ccc-test-builder"
ENVIRONMENT = {"type": "LINUX_CONTAINER", "image": "builder", "computeType": "BUILD_GENERAL1_SMALL"}
NOWHERE = FargateTask(cluster="ccc", definition="builder", subnets=("subnet-0a1b",), security_groups=("sg-0c2d",))
START = BuildStart(
    instance_id=ID,
    attempt=1,
    api_url="https://api.example.org/api",
    claim_code=f"ccc_claim_{secrets.token_urlsafe(16)}",
)


@pytest.fixture
def aws() -> Iterator[None]:
    """An empty account."""
    with aws_settings("CODEBUILD", ""), mock_aws():
        yield


def client(service: str) -> Any:
    """A plain client of a service."""
    return botocore.session.get_session().create_client(service, REGION)


def project() -> CodebuildInstaller:
    """An installer with its project."""
    client("codebuild").create_project(
        name=PROJECT,
        source={"type": "S3", "location": "bucket/key"},
        artifacts={"type": "NO_ARTIFACTS"},
        environment=ENVIRONMENT,
        serviceRole="arn:aws:iam::123456789012:role/builder",
    )
    return CodebuildInstaller(PROJECT, FakeAlarms(), region=REGION)


def task() -> FargateTask:
    """A place in the account's own network."""
    subnet = client("ec2").describe_subnets()["Subnets"][0]["SubnetId"]
    group = client("ec2").describe_security_groups()["SecurityGroups"][0]["GroupId"]
    return FargateTask(cluster="ccc", definition="builder", subnets=(subnet,), security_groups=(group,))


def cluster() -> None:
    """A cluster, and nothing to run in it."""
    client("ecs").create_cluster(clusterName="ccc")


def definition() -> None:
    """A task definition with the builder's container."""
    container = {"name": "builder", "image": "builder", "cpu": 256, "memory": 512}
    client("ecs").register_task_definition(
        family="builder",
        networkMode="awsvpc",
        requiresCompatibilities=["FARGATE"],
        cpu="256",
        memory="512",
        containerDefinitions=[container],
    )


def test_a_project_that_does_not_exist_starts_nothing(aws: None) -> None:
    """CodeBuild refuses, which is BuilderFull and an operator's matter; the look before it raises no alarm."""
    installer = CodebuildInstaller(PROJECT, alarms := FakeAlarms(), region=REGION)
    with pytest.raises(BuilderFull, match="ResourceNotFoundException"):
        installer.start(START)
    assert [(event, fields["operation"]) for event, fields in alarms.raised] == [("builder.refused", "StartBuild")]


def test_a_build_of_a_project_has_an_id_of_it(aws: None) -> None:
    """The reference is the build's id, under which CodeBuild knows that it is not over."""
    installer = project()
    reference = installer.start(START)
    assert reference.startswith(f"{PROJECT}:")
    assert installer.state(ID, 1, reference) in {BuildState.QUEUED, BuildState.RUNNING}


def test_a_build_that_does_not_exist_is_unknown_and_needs_no_end(aws: None) -> None:
    """It is left out of the answer, and a stop of it is refused in the way that is no error."""
    installer = project()
    assert installer.state(ID, 1, f"{PROJECT}:nothing") is BuildState.UNKNOWN
    installer.stop(ID, 1, f"{PROJECT}:nothing")
    assert installer.state(ID, 1, f"{PROJECT}:nothing") is BuildState.UNKNOWN


@pytest.mark.parametrize(("made", "code"), [((), "ClusterNotFoundException"), ((cluster,), "ClientException")])
def test_without_cluster_or_definition_no_task_starts(made: tuple[Any, ...], code: str, aws: None) -> None:
    """ECS refuses by name: BuilderFull, and an operator's matter."""
    for make in made:
        make()
    with pytest.raises(BuilderFull, match=code):
        FargateInstaller(NOWHERE, alarms := FakeAlarms(), region=REGION).start(START)
    assert alarms.events() == ["builder.refused"]


def test_a_task_keeps_what_it_was_started_with(aws: None) -> None:
    """Overrides and the name that finds it again are the task's own, and the place is Fargate."""
    cluster()
    definition()
    reference = FargateInstaller(task(), FakeAlarms(), region=REGION).start(START)
    (shown,) = client("ecs").describe_tasks(cluster="ccc", tasks=[reference])["tasks"]
    ((container,),) = [shown["overrides"]["containerOverrides"]]
    assert {each["name"]: each["value"] for each in container["environment"]} == {
        "CCC_API_URL": START.api_url,
        "CCC_INSTANCE_ID": ID,
        "CCC_ATTEMPT": "1",
        "CCC_CLAIM_CODE": START.claim_code,
    }
    assert (shown["startedBy"], shown["launchType"]) == (f"ccc-{ID}-1", "FARGATE")
