"""Builder jobs as builds of one CodeBuild project, as the `Installer` port. What a build does: `builder/buildspec.yml`.

**The claim code is in the clear.** It is an environment override of the build, so whoever may call `BatchGetBuilds` in
this account can read it. It is worth nothing once the builder has claimed: the control plane binds it to the nonce of
the first claim and refuses every other, and the one thing that the claim brings, the order, is never at CodeBuild.

**A start whose reply was lost** is asked for again with the same idempotency token, made of instance and attempt:
CodeBuild answers with the same build for 5 minutes. After that the same attempt may get a second build; only one of the
two can claim, because of the nonce, and the other one ends at once. Should that be the one in the row, the row gives
the attempt up: what the first build reports or asks for is refused from then on, and the next attempt begins with a
stock system.

What goes wrong, and what becomes of it (a row that may not start a builder waits and buys nothing in every case):

* no room in the account: BuilderFull;
* throttled, no answer, 5xx: BuilderUnknown, also when botocore has tried three times;
* no such project, no right, no credentials, no region: nothing was started and nothing will be before somebody acts, so
  BuilderFull with the reason in `data["code"]`, and the alarm `builder.refused`;
* `InvalidInputException`: the same alarm, but BuilderUnknown, since it is also what a token says that came with other
  parameters than before (the public URL was changed in between): then a build runs.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import botocore.session  # type: ignore[import-untyped]  # botocore ships no types
from botocore.config import Config  # type: ignore[import-untyped]  # same
from botocore.exceptions import (  # type: ignore[import-untyped]  # same
    BotoCoreError,
    ClientError,
    NoCredentialsError,
    NoRegionError,
    ParamValidationError,
    PartialCredentialsError,
)

from chalicelib.domain.errors import BuilderFull, BuilderUnknown
from chalicelib.operations.ports import Alarms, BuildStart, BuildState

CONNECT_SECONDS = 5
READ_SECONDS = 30
TRIES = 3
"""As AWS's standard mode does by itself. A call may outlast a row's lease: whoever comes next starts the same build."""

_NO_ROOM = "AccountLimitExceededException"
_AMBIGUOUS = "InvalidInputException"
_GONE = frozenset({"ResourceNotFoundException", _AMBIGUOUS})
"""What StopBuild says of a build that does not exist or cannot be stopped any more: `state` tells which."""

_THROTTLED = frozenset(
    {"Throttling", "ThrottlingException", "ThrottledException", "TooManyRequestsException", "RequestLimitExceeded"}
)
_NOT_SENT = (NoCredentialsError, NoRegionError, ParamValidationError, PartialCredentialsError)
_WAITING = frozenset({"SUBMITTED", "QUEUED"})
_BROKEN = 500


class _Refused(Exception):
    """CodeBuild will not do it until somebody changes something; the text is AWS's name for the reason."""


class CodebuildInstaller:
    """Asks the project of this name; region, credentials and endpoint are those that botocore finds."""

    def __init__(self, project: str, alarms: Alarms, *, region: str | None = None, tries: int = TRIES) -> None:
        self._project = project
        self._alarms = alarms
        self._region = region
        self._tries = tries
        self._making = threading.Lock()
        self._made: Any = None

    def start(self, start: BuildStart) -> str:
        """Start one attempt's build, or find it started; returns the build's id. BuilderFull, BuilderUnknown."""
        token = f"ccc-{start.instance_id}-{start.attempt}"
        try:
            with _translated():
                answer = self._client().start_build(
                    projectName=self._project, idempotencyToken=token, environmentVariablesOverride=_environment(start)
                )
        except _Refused as refusal:
            self._alarm("StartBuild", str(refusal), start.instance_id, start.attempt)
            kind = BuilderUnknown if str(refusal) == _AMBIGUOUS else BuilderFull
            raise kind(f"CodeBuild starts no build ({refusal}).", code=str(refusal)) from refusal
        reference = answer.get("build", {}).get("id")
        if not reference:
            raise BuilderUnknown("CodeBuild answered without the id of a build.")
        return str(reference)

    def state(self, instance_id: str, attempt: int, reference: str) -> BuildState:
        """What CodeBuild knows of the build; STOPPED only once it says that it is complete. BuilderUnknown."""
        if not reference:
            return BuildState.UNKNOWN
        with self._asking("BatchGetBuilds", instance_id, attempt):
            builds = self._client().batch_get_builds(ids=[reference]).get("builds", [])
        return _state(builds[0]) if builds else BuildState.UNKNOWN

    def stop(self, instance_id: str, attempt: int, reference: str) -> None:
        """Ask for the end of the build; nothing happens when it is over or was never there. BuilderUnknown."""
        if not reference:
            return
        with self._asking("StopBuild", instance_id, attempt):
            try:
                self._client().stop_build(id=reference)
            except ClientError as error:
                if error.response["Error"].get("Code") not in _GONE:
                    raise

    @contextmanager
    def _asking(self, operation: str, instance_id: str, attempt: int) -> Iterator[None]:
        """Within this a refusal is an alarm and BuilderUnknown: what became of the build is not known."""
        try:
            with _translated():
                yield
        except _Refused as refusal:
            self._alarm(operation, str(refusal), instance_id, attempt)
            raise BuilderUnknown(f"CodeBuild does not answer ({refusal}).", code=str(refusal)) from refusal

    def _alarm(self, operation: str, code: str, instance_id: str, attempt: int) -> None:
        place = f"codebuild://{self._project}"
        fields = {"place": place, "operation": operation, "code": code}
        self._alarms.raise_alarm("builder.refused", **fields, instance_id=instance_id, attempt=attempt)

    def _client(self) -> Any:
        with self._making:  # botocore makes clients in one thread at a time, and shares them between all
            if self._made is None:
                config = Config(
                    connect_timeout=CONNECT_SECONDS,
                    read_timeout=READ_SECONDS,
                    retries={"mode": "standard", "total_max_attempts": self._tries},
                )
                session = botocore.session.get_session()
                self._made = session.create_client("codebuild", region_name=self._region, config=config)
        return self._made


def _environment(start: BuildStart) -> list[dict[str, str]]:
    given = {
        "CCC_API_URL": start.api_url,
        "CCC_INSTANCE_ID": start.instance_id,
        "CCC_ATTEMPT": str(start.attempt),
        "CCC_CLAIM_CODE": start.claim_code,
    }
    return [{"name": name, "value": value, "type": "PLAINTEXT"} for name, value in given.items()]


def _state(build: dict[str, Any]) -> BuildState:
    """By `buildComplete`, not by the status: STOPPED is said while the machine is still being taken away."""
    if build.get("buildComplete"):
        return BuildState.STOPPED
    return BuildState.QUEUED if build.get("currentPhase") in _WAITING else BuildState.RUNNING


@contextmanager
def _translated() -> Iterator[None]:
    """Whatever botocore raises, as BuilderFull, BuilderUnknown or _Refused."""
    try:
        yield
    except ClientError as error:
        code = str(error.response["Error"].get("Code", ""))
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        if code == _NO_ROOM:
            raise BuilderFull("The account has no room for another build.", code=code) from error
        if status >= _BROKEN or code in _THROTTLED:
            raise BuilderUnknown(f"CodeBuild did not do what was asked ({code}).", code=code) from error
        raise _Refused(code) from error
    except _NOT_SENT as error:
        raise _Refused(type(error).__name__) from error
    except BotoCoreError as error:
        raise BuilderUnknown(f"CodeBuild did not answer ({type(error).__name__}).") from error
