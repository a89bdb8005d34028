"""ECS's answers, as AWS sends them, and what becomes of each: a state, a full house, a riddle or an alarm."""

from __future__ import annotations

import dataclasses
import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest

from chalicelib.adapters.fargate_installer import LOOKS, PATIENCE, FargateInstaller
from chalicelib.aws.client import AwsClient, Patience
from chalicelib.domain.errors import BuilderFull, BuilderUnknown
from chalicelib.operations.ports import BuildStart, BuildState
from tests.contract.codebuild_answers import LOST, Answer, Answers, answering, document, refusal
from tests.contract.codebuild_house import REGION, aws_settings
from tests.contract.fargate_house import FULL, TASK, Ecs, house
from tests.fakes.alarms import FakeAlarms

ID = "0123456789ab"
ARN = "arn:aws:ecs:eu-central-1:000000000000:task/ccc/1dc5c17a422b4dc4b493371970c6c4d6"
START = BuildStart(
    instance_id=ID,
    attempt=2,
    api_url="https://api.example.org/api",
    claim_code=f"ccc_claim_{secrets.token_urlsafe(16)}",
)
DENIED = refusal("AccessDeniedException", "User is not authorized to perform: ecs:RunTask on resource: …")
MISSING = document(tasks=[], failures=[{"arn": ARN, "reason": "MISSING"}])


def failed(reason: str) -> Answer:
    """An answer of RunTask with nothing but a failure."""
    return document(tasks=[], failures=[{"arn": "arn:aws:ecs:eu-central-1:000000000000:container/x", "reason": reason}])


Asked = tuple[FargateInstaller, Answers, FakeAlarms, list[float]]
Maker = Callable[..., AbstractContextManager[Asked]]


@pytest.fixture(scope="module")
def place() -> Iterator[tuple[Answers, AwsClient]]:
    """A server and a client of it, which takes longer to make than everything else here."""
    with answering(document()) as (server, url), aws_settings("ECS", url):
        yield server, AwsClient("ecs", Patience(tries=1), region=REGION)


@pytest.fixture
def installer(place: tuple[Answers, AwsClient]) -> Maker:
    """A maker of installers that get these answers, with the server that gives them, the alarms, and the pauses."""

    @contextmanager
    def made(*answers: Answer) -> Iterator[Asked]:
        server, client = place
        server.prepared, server.asked = list(answers), []
        alarms, pauses = FakeAlarms(), list[float]()
        fargate = FargateInstaller(TASK, alarms, region=REGION, pause=pauses.append)
        fargate._ecs = client
        yield fargate, server, alarms, pauses

    return made


def test_a_start_says_everything_a_job_needs(installer: Maker) -> None:
    """Place, network, names and the four variables that the builder reads go out; the task's ARN comes back."""
    with installer(document(tasks=[{"taskArn": ARN, "lastStatus": "PROVISIONING"}], failures=[])) as (
        ecs,
        server,
        _,
        _,
    ):
        assert ecs.start(START) == ARN
    ((target, asked),) = server.asked
    assert target == "AmazonEC2ContainerServiceV20141113.RunTask"
    (container,) = asked.pop("overrides")["containerOverrides"]
    assert asked == {
        "cluster": "ccc",
        "taskDefinition": "builder:7",
        "launchType": "FARGATE",
        "count": 1,
        "clientToken": f"ccc-{ID}-2",
        "startedBy": f"ccc-{ID}-2",
        "networkConfiguration": {
            "awsvpcConfiguration": {
                "subnets": ["subnet-0a1b", "subnet-0c2d"],
                "securityGroups": ["sg-0e3f"],
                "assignPublicIp": "ENABLED",
            }
        },
    }
    assert container["name"] == "builder"
    assert {each["name"]: each["value"] for each in container["environment"]} == {
        "CCC_API_URL": START.api_url,
        "CCC_INSTANCE_ID": ID,
        "CCC_ATTEMPT": "2",
        "CCC_CLAIM_CODE": START.claim_code,
    }


def test_the_name_of_a_start_fits(installer: Maker) -> None:
    """The longest one has 21 characters out of those that `startedBy` (36 of old) and `clientToken` (64) allow."""
    with installer(document(tasks=[{"taskArn": ARN}])) as (ecs, server, _, _):
        ecs.start(dataclasses.replace(START, attempt=9999))
    name = server.asked[0][1]["startedBy"]
    assert re.fullmatch(r"[A-Za-z0-9_/-]{1,36}", name)
    assert name == server.asked[0][1]["clientToken"]


@pytest.mark.parametrize(
    "answer",
    [
        failed("Capacity is unavailable at this time. Please try again later or in a different availability zone"),
        failed(f"{FULL}. For more information, see the Troubleshooting section of the Amazon ECS Developer Guide."),
        failed("RESOURCE:CPU"),
        refusal("ClientException", "Tasks provisioning capacity limit exceeded."),
        refusal("ThrottlingException", FULL),
        refusal("ClientException", "Capacity is unavailable at this time. Please try again later"),
    ],
)
def test_no_room_is_a_full_house(installer: Maker, answer: Answer) -> None:
    """No capacity and the account's limits mean that nothing was started, and are no alarm."""
    with installer(answer) as (ecs, _, alarms, _), pytest.raises(BuilderFull):
        ecs.start(START)
    assert alarms.raised == []


@pytest.mark.parametrize(
    "answer",
    [
        refusal("ThrottlingException", "Rate exceeded"),
        refusal(
            "InvalidParameterException", "Error retrieving subnet information: Rate exceeded (ErrorCode: Throttling)"
        ),
        refusal("InvalidParameterException", "Error retrieving security group information: Request limit exceeded."),
        refusal("ServerException", "Service Unavailable. Please try again later.", 500),
        Answer(status=503, body=b"<html>Service Unavailable</html>"),
        LOST,
        document(tasks=[], failures=[]),
    ],
    ids=["throttled", "subnets", "groups", "500", "503-html", "lost", "nothing"],
)
def test_an_answer_that_tells_nothing_is_unknown(installer: Maker, answer: Answer) -> None:
    """Throttling, here or behind ECS, faults, silence and an empty answer: BuilderUnknown, and no alarm."""
    with installer(answer) as (ecs, _, alarms, _), pytest.raises(BuilderUnknown):
        ecs.start(START)
    assert alarms.raised == []


@pytest.mark.parametrize(
    "answer",
    [
        DENIED,
        refusal("ClusterNotFoundException", "Cluster not found."),
        refusal("ClientException", "TaskDefinition not found."),
        refusal("InvalidParameterException", "The subnet ID 'subnet-0a1b' does not exist"),
        refusal("BlockedException", "Your account is currently blocked."),
        failed("MISSING"),
    ],
)
def test_a_refusal_starts_nothing_and_calls_the_operator(installer: Maker, answer: Answer) -> None:
    """What somebody has to mend starts nothing: BuilderFull, and an alarm that names what and why."""
    with installer(answer) as (ecs, _, alarms, _), pytest.raises(BuilderFull) as caught:
        ecs.start(START)
    ((event, fields),) = alarms.raised
    assert event == "builder.refused"
    assert fields["code"] == caught.value.data["code"]
    assert (fields["operation"], fields["instance_id"], fields["attempt"]) == ("RunTask", ID, 2)
    assert START.claim_code not in str(alarms.raised) + str(caught.value)


def test_a_conflict_names_the_task_that_is_ours(installer: Maker) -> None:
    """The same token with other parameters is refused with the ARN of the task that it started: that is the answer."""
    taken = refusal("ConflictException", "The clientToken is in use.", resourceIds=[ARN])
    with installer(taken) as (ecs, _, alarms, _):
        assert ecs.start(START) == ARN
    assert alarms.raised == []


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("PROVISIONING", BuildState.QUEUED),
        ("PENDING", BuildState.QUEUED),
        ("ACTIVATING", BuildState.QUEUED),
        ("RUNNING", BuildState.RUNNING),
        ("DEACTIVATING", BuildState.RUNNING),
        ("STOPPING", BuildState.RUNNING),
        ("DEPROVISIONING", BuildState.RUNNING),
        ("A_NEW_STATUS", BuildState.RUNNING),
        ("STOPPED", BuildState.STOPPED),
        ("DELETED", BuildState.STOPPED),
    ],
)
def test_a_task_is_over_when_it_is_stopped(installer: Maker, status: str, state: BuildState) -> None:
    """Every status but the last ones means that something of the task may still run."""
    with installer(document(tasks=[{"taskArn": ARN, "lastStatus": status}], failures=[])) as (ecs, server, _, _):
        assert ecs.state(ID, 2, ARN) is state
    assert server.asked[0][1] == {"cluster": "ccc", "tasks": [ARN]}


def test_a_task_that_is_not_shown_yet_is_looked_for_again() -> None:
    """ECS shows a new task after a moment: one that is missing is not believed to be gone at the first look."""
    ecs = Ecs(1, slow=2)
    with house(ecs) as fargate:
        assert fargate.state(ID, 2, fargate.start(START)) is BuildState.RUNNING


def test_a_task_that_stays_missing_is_unknown_to_the_platform(installer: Maker) -> None:
    """After a few seconds of looks it is the state UNKNOWN."""
    with installer(MISSING) as (ecs, server, _, pauses):
        assert ecs.state(ID, 2, ARN) is BuildState.UNKNOWN
    assert pauses == list(LOOKS)
    assert server.operations == ["DescribeTasks"] * (len(LOOKS) + 1)


def test_a_lost_reference_is_found_by_its_name() -> None:
    """Without a reference the task is found, running by `startedBy` or stopped by its family, and can be stopped."""
    ecs = Ecs(2)
    with house(ecs) as fargate:
        fargate.start(START)
        fargate.start(dataclasses.replace(START, attempt=3))
        assert fargate.state(ID, 2, "") is BuildState.RUNNING
        fargate.stop(ID, 2, "")
        fargate.state(ID, 2, "")  # the stand-in's task is on its way out for one look
        assert fargate.state(ID, 2, "") is BuildState.STOPPED
    assert sorted(task["lastStatus"] for task in ecs.tasks.values()) == ["RUNNING", "STOPPED"]


def test_a_lost_reference_is_found_on_any_page_of_what_has_stopped() -> None:
    """ECS tells the stopped tasks of a family page by page: the one that is meant is found behind the others."""
    ecs = Ecs(5)
    with house(ecs) as fargate:
        for attempt in range(1, 6):
            fargate.stop(ID, attempt, fargate.start(dataclasses.replace(START, attempt=attempt)))
        states = [fargate.state(ID, 5, "") for _ in range(2)]
        assert fargate.state(ID, 6, "") is BuildState.UNKNOWN
    assert states[-1] is BuildState.STOPPED


def test_the_name_that_started_a_task_is_the_only_filter(installer: Maker) -> None:
    """`startedBy` stands alone beside the cluster; what has stopped is asked for without it."""
    with installer(document(taskArns=[])) as (ecs, server, _, _):
        assert ecs.state(ID, 2, "") is BuildState.UNKNOWN
    assert [asked for _, asked in server.asked] == [
        {"cluster": "ccc", "startedBy": f"ccc-{ID}-2"},
        {"cluster": "ccc", "desiredStatus": "STOPPED", "family": "builder"},
    ]


def test_the_same_start_with_another_url_is_the_same_task() -> None:
    """A public URL that changed between a lost reply and the next try starts no second task."""
    ecs = Ecs(2)
    with house(ecs) as fargate:
        first = fargate.start(START)
        assert fargate.start(dataclasses.replace(START, api_url="https://other.example.org")) == first
    assert len(ecs.tasks) == 1


def test_stopping_what_is_not_there_is_no_error(installer: Maker) -> None:
    """A task that ECS has forgotten is left to `state`."""
    with installer(refusal("InvalidParameterException", "The referenced task was not found.")) as (ecs, _, alarms, _):
        ecs.stop(ID, 2, ARN)
    assert alarms.raised == []


@pytest.mark.parametrize("operation", ["state", "stop"])
@pytest.mark.parametrize(
    ("answer", "alarming"), [(DENIED, True), (LOST, False), (refusal("ThrottlingException", FULL), False)]
)
def test_a_question_without_an_answer_is_unknown(
    installer: Maker, operation: str, answer: Answer, *, alarming: bool
) -> None:
    """What cannot be asked is not known, whatever the reason; what an operator must mend is an alarm."""
    with installer(answer) as (ecs, _, alarms, _), pytest.raises(BuilderUnknown):
        getattr(ecs, operation)(ID, 2, ARN)
    assert alarms.events() == ["builder.refused"] * alarming


def test_the_network_is_as_it_was_set() -> None:
    """Without security groups the VPC's own is left to be taken, and a task may do without a public address."""
    ecs = Ecs(1)
    with house(ecs, dataclasses.replace(TASK, security_groups=(), public_ip=False)) as fargate:
        fargate.start(START)
    network = ecs.asked[0]["networkConfiguration"]["awsvpcConfiguration"]
    assert network == {"subnets": ["subnet-0a1b", "subnet-0c2d"], "assignPublicIp": "DISABLED"}


def test_requests_have_limits() -> None:
    """5 s to connect, 30 s for an answer, three tries in all."""
    assert FargateInstaller(TASK, FakeAlarms())._ecs._patience == PATIENCE == Patience(connect=5, read=30, tries=3)
