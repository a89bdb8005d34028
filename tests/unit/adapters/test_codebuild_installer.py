"""CodeBuild's answers, as AWS sends them, and what becomes of each: a state, a full house, a riddle or an alarm."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest

from chalicelib.adapters.codebuild_installer import LOOK, PATIENCE, CodebuildInstaller
from chalicelib.aws.client import AwsClient, Patience
from chalicelib.domain.errors import BuilderFull, BuilderUnknown
from chalicelib.operations.ports import BuildStart, BuildState
from tests.contract.codebuild_answers import LOST, Answer, Answers, answering, document, refusal
from tests.contract.codebuild_house import REGION, aws_settings
from tests.fakes.alarms import FakeAlarms

ID = "0123456789ab"
REFERENCE = "ccc-builder:9b0ac37f-d19e-4254-9079-f47e9a389e00"
START = BuildStart(
    instance_id=ID,
    attempt=2,
    api_url="https://api.example.org/api",
    claim_code=f"ccc_claim_{secrets.token_urlsafe(16)}",
)
NO_ROOM = refusal("AccountLimitExceededException", "Cannot have more than 1 builds in queue for the account")
NO_PROJECT = refusal(
    "ResourceNotFoundException", "Project cannot be found: arn:aws:codebuild:eu-central-1:000000000000"
)
DENIED = refusal("AccessDeniedException", "User is not authorized to perform: codebuild:StartBuild on resource: …")


NONE = document(ids=[])
"""What the look before a start finds in a project without a build."""

Asked = tuple[CodebuildInstaller, Answers, FakeAlarms]
Maker = Callable[..., AbstractContextManager[Asked]]


@pytest.fixture(scope="module")
def place() -> Iterator[tuple[Answers, AwsClient]]:
    """A server and a client of it, which takes longer to make than everything else here."""
    with answering(document()) as (server, url), aws_settings("CODEBUILD", url):
        yield server, AwsClient("codebuild", Patience(tries=1), region=REGION)


@pytest.fixture
def installer(place: tuple[Answers, AwsClient]) -> Maker:
    """A maker of installers that get these answers, with the server that gives them, and the alarms."""

    @contextmanager
    def made(*answers: Answer) -> Iterator[Asked]:
        server, client = place
        server.prepared, server.asked = list(answers), []
        codebuild = CodebuildInstaller("ccc-builder", alarms := FakeAlarms(), region=REGION)
        codebuild._codebuild = codebuild._look = client
        yield codebuild, server, alarms

    return made


def test_a_start_says_everything_a_job_needs(installer: Maker) -> None:
    """Project, token and the four variables that the builder reads go out; the build's id comes back."""
    started = document(build={"id": REFERENCE, "buildStatus": "IN_PROGRESS"})
    with installer(NONE, started) as (codebuild, server, alarms):
        assert codebuild.start(START) == REFERENCE
    (_, (target, asked)) = server.asked
    assert target == "CodeBuild_20161006.StartBuild"
    assert asked["projectName"] == "ccc-builder"
    assert asked["idempotencyToken"] == f"ccc-{ID}-2"
    assert {each["name"]: each["value"] for each in asked["environmentVariablesOverride"]} == {
        "CCC_API_URL": START.api_url,
        "CCC_INSTANCE_ID": ID,
        "CCC_ATTEMPT": "2",
        "CCC_CLAIM_CODE": START.claim_code,
    }
    assert {each["type"] for each in asked["environmentVariablesOverride"]} == {"PLAINTEXT"}
    assert alarms.raised == []


def test_no_room_is_a_full_house(installer: Maker) -> None:
    """The account's limit means that nothing was started, and is no alarm."""
    with installer(NONE, NO_ROOM) as (codebuild, _, alarms), pytest.raises(BuilderFull):
        codebuild.start(START)
    assert alarms.raised == []


@pytest.mark.parametrize(
    "answer",
    [
        refusal("ThrottlingException", "Rate exceeded"),
        refusal("TooManyRequestsException", "Too many requests", 429),
        refusal("InternalFailure", "", 500),
        Answer(status=503, body=b"<html>Service Unavailable</html>"),
        Answer(status=502, body=b""),
        LOST,
        document(build={}),
        document(),
    ],
    ids=["throttled", "429", "500", "503-html", "502-empty", "lost", "no-id", "no-build"],
)
def test_an_answer_that_tells_nothing_is_unknown(installer: Maker, answer: Answer) -> None:
    """Throttling, faults, silence and an answer without an id may hide a build: BuilderUnknown, and no alarm."""
    with installer(NONE, answer) as (codebuild, _, alarms), pytest.raises(BuilderUnknown):
        codebuild.start(START)
    assert alarms.raised == []


@pytest.mark.parametrize("answer", [NO_PROJECT, DENIED, refusal("UnrecognizedClientException", "…")])
def test_a_refusal_starts_nothing_and_calls_the_operator(installer: Maker, answer: Answer) -> None:
    """Without the project or the right nothing is started: BuilderFull, and an alarm that names what and why."""
    with installer(NONE, answer) as (codebuild, _, alarms), pytest.raises(BuilderFull) as caught:
        codebuild.start(START)
    ((event, fields),) = alarms.raised
    assert event == "builder.refused"
    assert fields["code"] == caught.value.data["code"]
    assert fields["operation"] == "StartBuild"
    assert (fields["instance_id"], fields["attempt"]) == (ID, 2)
    assert START.claim_code not in str(alarms.raised) + str(caught.value)


def test_a_token_with_other_parameters_is_unknown(installer: Maker) -> None:
    """The same token with another URL is refused by CodeBuild while the first build runs: BuilderUnknown, and told."""
    answer = refusal("InvalidInputException", "Invalid idempotency token: parameters do not match")
    with installer(NONE, answer) as (codebuild, _, alarms), pytest.raises(BuilderUnknown):
        codebuild.start(START)
    assert alarms.events() == ["builder.refused"]


def test_without_credentials_nothing_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that has no credentials starts nothing and says so."""
    with answering(document()) as (server, url), aws_settings("CODEBUILD", url):
        monkeypatch.delenv("AWS_ACCESS_KEY_ID")
        monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
        with pytest.raises(BuilderFull, match="NoCredentialsError"):
            CodebuildInstaller("ccc-builder", alarms := FakeAlarms(), region=REGION).start(START)
    assert server.asked == []
    assert alarms.events() == ["builder.refused"]


def test_without_a_region_nothing_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that does not know its region starts nothing and says so."""
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    alarms = FakeAlarms()
    with aws_settings("CODEBUILD", "http://127.0.0.1:1"), pytest.raises(BuilderFull, match="NoRegionError"):
        CodebuildInstaller("ccc-builder", alarms).start(START)
    assert alarms.events() == ["builder.refused"]


@pytest.mark.parametrize(
    ("build", "state"),
    [
        ({"buildStatus": "IN_PROGRESS", "currentPhase": "SUBMITTED", "buildComplete": False}, BuildState.QUEUED),
        ({"buildStatus": "IN_PROGRESS", "currentPhase": "QUEUED", "buildComplete": False}, BuildState.QUEUED),
        ({"buildStatus": "IN_PROGRESS", "currentPhase": "PROVISIONING", "buildComplete": False}, BuildState.QUEUED),
        ({"buildStatus": "IN_PROGRESS", "currentPhase": "BUILD", "buildComplete": False}, BuildState.RUNNING),
        ({"buildStatus": "STOPPED", "currentPhase": "FINALIZING", "buildComplete": False}, BuildState.RUNNING),
        ({"buildStatus": "STOPPED", "currentPhase": "COMPLETED", "buildComplete": True}, BuildState.STOPPED),
        ({"buildStatus": "SUCCEEDED", "currentPhase": "COMPLETED", "buildComplete": True}, BuildState.STOPPED),
        ({"buildStatus": "FAILED", "currentPhase": "COMPLETED", "buildComplete": True}, BuildState.STOPPED),
        ({"buildStatus": "FAULT", "currentPhase": "COMPLETED", "buildComplete": True}, BuildState.STOPPED),
        ({"buildStatus": "TIMED_OUT", "currentPhase": "COMPLETED", "buildComplete": True}, BuildState.STOPPED),
        ({"buildStatus": "IN_PROGRESS", "currentPhase": "A_NEW_PHASE", "buildComplete": False}, BuildState.RUNNING),
    ],
)
def test_a_build_is_over_when_it_is_complete(installer: Maker, build: dict[str, object], state: BuildState) -> None:
    """Only `buildComplete` says that nothing of a build runs any more."""
    with installer(document(builds=[{"id": REFERENCE, **build}], buildsNotFound=[])) as (codebuild, server, _):
        assert codebuild.state(ID, 2, REFERENCE) is state
    assert server.asked == [("CodeBuild_20161006.BatchGetBuilds", {"ids": [REFERENCE]})]


def test_a_build_that_is_not_found_is_unknown_to_the_platform(installer: Maker) -> None:
    """`buildsNotFound` is the state UNKNOWN, which is no error; so is the lack of a reference, without a question."""
    with installer(document(builds=[], buildsNotFound=[REFERENCE])) as (codebuild, server, _):
        assert codebuild.state(ID, 2, REFERENCE) is BuildState.UNKNOWN
        assert codebuild.state(ID, 2, "") is BuildState.UNKNOWN
    assert server.operations == ["BatchGetBuilds"]


def test_a_build_whose_start_was_not_answered_is_stopped_by_its_variables(installer: Maker) -> None:
    """The row knows no reference: of the newest builds the one of this instance and attempt is ended, and no other."""
    listed = document(ids=["ccc-builder:other", REFERENCE])
    shown = document(builds=[given(ID, 1, 1) | {"id": "ccc-builder:other"}, given(ID, 2, 2) | {"id": REFERENCE}])
    with installer(listed, shown, document()) as (codebuild, server, _):
        codebuild.stop(ID, 2, "")
    assert server.operations == ["ListBuildsForProject", "BatchGetBuilds", "StopBuild"]
    assert server.asked[-1] == ("CodeBuild_20161006.StopBuild", {"id": REFERENCE})
    with installer(NONE) as (codebuild, server, _):
        codebuild.stop(ID, 2, "")
    assert server.operations == ["ListBuildsForProject"]
    with installer(LOST) as (codebuild, server, _), pytest.raises(BuilderUnknown):
        codebuild.stop(ID, 2, "")


@pytest.mark.parametrize("answer", [NO_PROJECT, refusal("InvalidInputException", "Build cannot be stopped")])
def test_stopping_what_is_over_is_no_error(installer: Maker, answer: Answer) -> None:
    """A build that does not exist, or cannot be stopped any more, is left to `state`."""
    with installer(answer) as (codebuild, server, alarms):
        codebuild.stop(ID, 2, REFERENCE)
    assert server.asked == [("CodeBuild_20161006.StopBuild", {"id": REFERENCE})]
    assert alarms.raised == []


@pytest.mark.parametrize("operation", ["state", "stop"])
@pytest.mark.parametrize(("answer", "alarming"), [(DENIED, True), (LOST, False), (refusal("Oops", "", 500), False)])
def test_a_question_without_an_answer_is_unknown(
    installer: Maker, operation: str, answer: Answer, *, alarming: bool
) -> None:
    """What cannot be asked is not known, whatever the reason; what an operator must mend is an alarm."""
    with installer(answer) as (codebuild, _, alarms), pytest.raises(BuilderUnknown):
        getattr(codebuild, operation)(ID, 2, REFERENCE)
    assert alarms.events() == ["builder.refused"] * alarming


def test_a_lost_reply_is_asked_for_again_with_the_same_token() -> None:
    """The standard mode of botocore tries again by itself, and the token makes the second try the same build."""
    answers = (NONE, LOST, document(build={"id": REFERENCE}))
    with answering(*answers) as (server, url), aws_settings("CODEBUILD", url):
        assert CodebuildInstaller("ccc-builder", FakeAlarms(), region=REGION).start(START) == REFERENCE
    assert server.operations == ["ListBuildsForProject", "StartBuild", "StartBuild"]
    assert server.asked[1] == server.asked[2]


def given(instance_id: str, attempt: int, number: int) -> dict[str, Any]:
    """A build as BatchGetBuilds shows it, with the variables that it was started with."""
    variables = {"CCC_API_URL": "https://old.example.org", "CCC_INSTANCE_ID": instance_id, "CCC_ATTEMPT": str(attempt)}
    listed = [{"name": name, "value": value, "type": "PLAINTEXT"} for name, value in variables.items()]
    return {"id": f"ccc-builder:{number}", "environment": {"environmentVariables": listed}, "buildComplete": False}


def test_b02_a_start_whose_reply_was_lost_long_ago_is_found(installer: Maker) -> None:
    """Also when no token remembers it: the look finds the build by instance and attempt, and starts none."""
    builds = [given("ba9876543210", 2, 4), given(ID, 1, 3), given(ID, 2, 2), {"id": "ccc-builder:1"}]
    listed = document(ids=[build["id"] for build in builds])
    with installer(listed, document(builds=builds)) as (codebuild, server, alarms):
        assert codebuild.start(START) == "ccc-builder:2"
    assert server.asked == [
        ("CodeBuild_20161006.ListBuildsForProject", {"projectName": "ccc-builder", "sortOrder": "DESCENDING"}),
        ("CodeBuild_20161006.BatchGetBuilds", {"ids": [build["id"] for build in builds]}),
    ]
    assert alarms.raised == []


def test_of_two_builds_of_an_attempt_the_older_one_counts(installer: Maker) -> None:
    """It has claimed, and the younger one ends by itself, in whatever order CodeBuild shows them."""
    builds = [given(ID, 2, 1), given(ID, 2, 2)]
    with installer(document(ids=["ccc-builder:2", "ccc-builder:1"]), document(builds=builds)) as (codebuild, _, _):
        assert codebuild.start(START) == "ccc-builder:1"


@pytest.mark.parametrize("answer", [DENIED, LOST, refusal("ThrottlingException", "Rate exceeded"), NO_PROJECT])
def test_a_look_that_fails_is_forgone(installer: Maker, answer: Answer) -> None:
    """The start goes on under its token; the look raises no alarm of its own."""
    with installer(answer, document(build={"id": REFERENCE})) as (codebuild, server, alarms):
        assert codebuild.start(START) == REFERENCE
    assert server.operations == ["ListBuildsForProject", "StartBuild"]
    assert alarms.raised == []


def test_nobody_listening_is_unknown() -> None:
    """A connection that is refused is BuilderUnknown."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
        codebuild = CodebuildInstaller("ccc-builder", FakeAlarms(), region=REGION)
        codebuild._codebuild = codebuild._look
        with aws_settings("CODEBUILD", url), pytest.raises(BuilderUnknown):
            codebuild.start(START)


def test_requests_have_limits() -> None:
    """A start may take three times 35 s, and is then looked for again; the look before it takes 14 s at most."""
    codebuild = CodebuildInstaller("ccc-builder", FakeAlarms(), region=REGION)
    assert codebuild._codebuild._patience == PATIENCE == Patience(connect=5, read=30, tries=3)
    assert codebuild._look._patience == LOOK == Patience(connect=2, read=5, tries=1)
