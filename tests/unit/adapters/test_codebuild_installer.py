"""CodeBuild's answers, as AWS sends them, and what becomes of each: a state, a full house, a riddle or an alarm."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest

from chalicelib.adapters.codebuild_installer import CodebuildInstaller
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


Asked = tuple[CodebuildInstaller, Answers, FakeAlarms]
Maker = Callable[..., AbstractContextManager[Asked]]


@pytest.fixture(scope="module")
def place() -> Iterator[tuple[Answers, Any]]:
    """A server and a client of it, which takes longer to make than everything else here."""
    with answering(document()) as (server, url), aws_settings("CODEBUILD", url):
        yield server, CodebuildInstaller("ccc-builder", FakeAlarms(), region=REGION, tries=1)._client()


@pytest.fixture
def installer(place: tuple[Answers, Any]) -> Maker:
    """A maker of installers that get these answers, with the server that gives them, and the alarms."""

    @contextmanager
    def made(*answers: Answer) -> Iterator[Asked]:
        server, client = place
        server.prepared, server.asked = list(answers), []
        codebuild = CodebuildInstaller("ccc-builder", alarms := FakeAlarms(), region=REGION)
        codebuild._made = client
        yield codebuild, server, alarms

    return made


def test_a_start_says_everything_a_job_needs(installer: Maker) -> None:
    """Project, token and the four variables that the builder reads go out; the build's id comes back."""
    with installer(document(build={"id": REFERENCE, "buildStatus": "IN_PROGRESS"})) as (codebuild, server, alarms):
        assert codebuild.start(START) == REFERENCE
    ((target, asked),) = server.asked
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
    with installer(NO_ROOM) as (codebuild, _, alarms), pytest.raises(BuilderFull):
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
    with installer(answer) as (codebuild, _, alarms), pytest.raises(BuilderUnknown):
        codebuild.start(START)
    assert alarms.raised == []


@pytest.mark.parametrize("answer", [NO_PROJECT, DENIED, refusal("UnrecognizedClientException", "…")])
def test_a_refusal_starts_nothing_and_calls_the_operator(installer: Maker, answer: Answer) -> None:
    """Without the project or the right nothing is started: BuilderFull, and an alarm that names what and why."""
    with installer(answer) as (codebuild, _, alarms), pytest.raises(BuilderFull) as caught:
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
    with installer(answer) as (codebuild, _, alarms), pytest.raises(BuilderUnknown):
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
        ({"buildStatus": "IN_PROGRESS", "currentPhase": "PROVISIONING", "buildComplete": False}, BuildState.RUNNING),
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
        codebuild.stop(ID, 2, "")
    assert server.operations == ["BatchGetBuilds"]


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
    answers = (LOST, document(build={"id": REFERENCE}))
    with answering(*answers) as (server, url), aws_settings("CODEBUILD", url):
        assert CodebuildInstaller("ccc-builder", FakeAlarms(), region=REGION, tries=2).start(START) == REFERENCE
    assert len(server.asked) == 2
    assert server.asked[0] == server.asked[1]


def test_nobody_listening_is_unknown() -> None:
    """A connection that is refused is BuilderUnknown."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
        with aws_settings("CODEBUILD", url), pytest.raises(BuilderUnknown):
            CodebuildInstaller("ccc-builder", FakeAlarms(), region=REGION, tries=1).start(START)


def test_requests_have_limits() -> None:
    """5 s to connect, 30 s for an answer, and AWS's standard mode of trying again, three times in all."""
    with aws_settings("CODEBUILD", "http://127.0.0.1:1"):
        config = CodebuildInstaller("ccc-builder", FakeAlarms(), region=REGION)._client().meta.config
    assert (config.connect_timeout, config.read_timeout) == (5, 30)
    assert (config.retries["mode"], config.retries["total_max_attempts"]) == ("standard", 3)
