"""Builder jobs as builds of one CodeBuild project, as the `Installer` port. What a build does: `builder/buildspec.yml`.

**The claim code is in the clear.** It is an environment override of the build, so whoever may call `BatchGetBuilds` in
this account can read it. It is worth nothing once the builder has claimed: the control plane binds it to the nonce of
the first claim and refuses every other, and the one thing that the claim brings, the order, is never at CodeBuild.

**A start whose reply was lost** is asked for again with the same idempotency token, made of instance and attempt:
CodeBuild answers with the same build for 5 minutes. Nothing here can know whether a start is the second one, or how old
the first is: so every start looks first, among the project's newest hundred builds, for one that was given this
instance and attempt, and takes it (two reads, against minutes of a build). The list may lag by seconds, for which the
token stands. A look that fails is forgone: then one attempt may get two builds, of which only one can claim, because of
the nonce, and the other one ends at once.

What goes wrong, and what becomes of it (a row that may not start a builder waits and buys nothing in every case):

* no room in the account: BuilderFull;
* throttled, no answer, 5xx: BuilderUnknown, also when botocore has tried three times;
* no such project, no right, no credentials, no region: nothing was started and nothing will be before somebody acts, so
  BuilderFull with the reason in `data["code"]`, and the alarm `builder.refused`;
* `InvalidInputException`: the same alarm, but BuilderUnknown, since it is also what a token says that came with other
  parameters than before (the public URL was changed in between): then a build runs.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from chalicelib.aws.client import AwsClient, Patience
from chalicelib.aws.errors import Answered, AwsError, NotConfigured
from chalicelib.domain.errors import BuilderFull, BuilderUnknown
from chalicelib.operations.ports import Alarms, BuildStart, BuildState

PATIENCE = Patience(connect=5, read=30, tries=3)
"""As AWS's standard mode does by itself. A call may outlast a row's lease: whoever comes next starts the same build."""

LOOK = Patience(connect=2, read=5, tries=1)
"""For the look before a start, which may fail, and for an end: three calls together take a third of a lease."""

_NO_ROOM = "AccountLimitExceededException"
_AMBIGUOUS = "InvalidInputException"
_GONE = frozenset({"ResourceNotFoundException", _AMBIGUOUS})
"""What StopBuild says of a build that does not exist or cannot be stopped any more: `state` tells which."""

MOST_IDS = 100
"""What BatchGetBuilds takes at once, and what one page of a list holds."""

_WAITING = frozenset({"SUBMITTED", "QUEUED", "PROVISIONING"})
"""Phases before there is a container: its image may still not be had, so nothing may be bought for it yet."""

_log = logging.getLogger("ccc.builder")


class _Refused(Exception):
    """CodeBuild will not do it until somebody changes something; the text is AWS's name for the reason."""


class CodebuildInstaller:
    """Asks the project of this name; region, credentials and endpoint are those that botocore finds."""

    def __init__(self, project: str, alarms: Alarms, *, region: str | None = None) -> None:
        self._project = project
        self._alarms = alarms
        self._codebuild = AwsClient("codebuild", PATIENCE, region=region)
        self._look = AwsClient("codebuild", LOOK, region=region)

    def start(self, start: BuildStart) -> str:
        """Start one attempt's build, or find it started; returns the build's id. BuilderFull, BuilderUnknown."""
        given = _variables(start)
        if (before := self._started_before(given)) is not None:
            return before
        try:
            with _translated():
                answer = self._codebuild.call(
                    "start_build",
                    projectName=self._project,
                    idempotencyToken=f"ccc-{start.instance_id}-{start.attempt}",
                    environmentVariablesOverride=[{**each, "type": "PLAINTEXT"} for each in _documents(given)],
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
            builds = self._codebuild.call("batch_get_builds", ids=[reference]).get("builds", [])
        return _state(builds[0]) if builds else BuildState.UNKNOWN

    def stop(self, instance_id: str, attempt: int, reference: str) -> None:
        """Ask for the end of the build; nothing happens when it is over or was never there. BuilderUnknown.

        Without a reference it is looked for among the newest. An end waits seconds for this and not minutes: whoever
        was not heard asks again.
        """
        with self._asking("StopBuild", instance_id, attempt):
            build = reference or self._found({"CCC_INSTANCE_ID": instance_id, "CCC_ATTEMPT": str(attempt)})
            if build is None:
                return
            try:
                self._look.call("stop_build", id=build)
            except Answered as error:
                if error.code not in _GONE:
                    raise

    def _started_before(self, given: Mapping[str, str]) -> str | None:
        """The build that was started with these variables, if it is among the newest; the claim code may be another."""
        try:
            return self._found(given)
        except AwsError as error:
            _log.warning("builder.look_failed", extra={"fields": {"project": self._project, "code": error.code}})
            return None

    def _found(self, given: Mapping[str, str]) -> str | None:
        """The id of the build of this instance and attempt, among the newest; AwsError."""
        newest = self._look.call("list_builds_for_project", projectName=self._project, sortOrder="DESCENDING")
        ids = newest.get("ids", [])[:MOST_IDS]
        builds = self._look.call("batch_get_builds", ids=ids).get("builds", []) if ids else []
        ours = [str(build["id"]) for build in builds if _is_for(build, given)]
        return max(ours, key=ids.index) if ours else None  # of two, the older one: it has claimed

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


def _variables(start: BuildStart) -> dict[str, str]:
    return {
        "CCC_API_URL": start.api_url,
        "CCC_INSTANCE_ID": start.instance_id,
        "CCC_ATTEMPT": str(start.attempt),
        "CCC_CLAIM_CODE": start.claim_code,
    }


def _documents(given: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in given.items()]


def _is_for(build: Mapping[str, Any], given: Mapping[str, str]) -> bool:
    """Whether a build was given this instance and attempt; the address may have changed since."""
    listed = build.get("environment", {}).get("environmentVariables", [])
    known = {each.get("name"): each.get("value") for each in listed}
    return all(known.get(name) == given[name] for name in ("CCC_INSTANCE_ID", "CCC_ATTEMPT"))


def _state(build: Mapping[str, Any]) -> BuildState:
    """By `buildComplete`, not by the status: STOPPED is said while the machine is still being taken away."""
    if build.get("buildComplete"):
        return BuildState.STOPPED
    return BuildState.QUEUED if build.get("currentPhase") in _WAITING else BuildState.RUNNING


@contextmanager
def _translated() -> Iterator[None]:
    """Whatever AWS's silence or refusal is, as BuilderFull, BuilderUnknown or _Refused."""
    try:
        yield
    except Answered as error:
        if error.code == _NO_ROOM:
            raise BuilderFull("The account has no room for another build.", code=error.code) from error
        if error.broken or error.throttled:
            raise BuilderUnknown(f"CodeBuild did not do what was asked ({error.code}).", code=error.code) from error
        raise _Refused(error.code) from error
    except NotConfigured as error:
        raise _Refused(error.code) from error
    except AwsError as error:
        raise BuilderUnknown(f"CodeBuild did not answer ({error.code}).") from error
