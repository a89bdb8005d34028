"""The builds of one account: started once per idempotency token, at most so many at a time, looked up and stopped.

The operations take and give AWS's documents. A token lives for 5 minutes; with other parameters it is refused. Builds
of an earlier life of this process are known from what they left in the folder.
"""

from __future__ import annotations

import collections
import json
import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from onebox import marks
from onebox.codebuild.build import GRACE_SECONDS, Build, Project
from onebox.codebuild.kept import KeptBuild, kept
from onebox.codebuild.refusal import Refusal
from onebox.codebuild.wire import Operations

TARGET = "CodeBuild_20161006"
TOKEN_SECONDS = 300.0
MOST_IDS = 100
MOST_LISTED = 100
_END_WITHIN_SECONDS = 5.0
_ATTEMPT, _FIRST = "CCC_ATTEMPT", "1"
_KNOWN = frozenset({"projectName", "idempotencyToken", "environmentVariablesOverride"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Token:
    build_id: str
    request: str
    until: float


class Builds:
    """`slots` is how many builds the account may have queued or running; `now` counts seconds for the tokens.

    `mark` is what the marks of all processes begin with; without one it is made of this process's id. `nth`
    are variables that the n-th build alone finds, of those that this process starts as the first attempt at something:
    what comes after a first attempt must not meet the same end by chance.
    """

    def __init__(
        self,
        projects: Iterable[Project],
        folder: Path,
        *,
        slots: int = 20,
        queued_seconds: float = 0.0,
        grace_seconds: float = GRACE_SECONDS,
        mark: str | None = None,
        nth: Sequence[Mapping[str, str]] = (),
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._projects = {project.name: project for project in projects}
        self._folder = folder
        self._slots = slots
        self._queued = queued_seconds
        self._grace = grace_seconds
        self._nth = collections.deque(nth)
        self._mark = mark or f"codebuild|{os.getpid()}|builds"
        self._now = now
        marks.end_marked(f"{self._mark}/")  # a shell dies with the process before this one, what it started does not
        self._earlier: dict[str, KeptBuild] = kept(folder)
        self._builds: dict[str, Build] = {}
        self._tokens: dict[str, _Token] = {}
        self._one_at_a_time = threading.Lock()

    def operations(self) -> Operations:
        """What `wire.Server` serves, by name."""
        return {
            "StartBuild": self.start,
            "BatchGetBuilds": self.batch_get,
            "StopBuild": self.stop,
            "ListBuildsForProject": self.listed,
        }

    def start(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """StartBuild: a new build, or the one that the token has started."""
        if unknown := sorted(set(request) - _KNOWN):
            raise Refusal("InvalidInputException", f"This stand-in does not know {', '.join(unknown)}.")
        with self._one_at_a_time:
            build = self._same(request) or self._new(request)
        return {"build": build.document()}

    def batch_get(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """BatchGetBuilds: what is known of each id, and which ids are not known."""
        ids = request.get("ids")
        if not isinstance(ids, list) or not 1 <= len(ids) <= MOST_IDS:
            raise Refusal("InvalidInputException", "Between 1 and 100 ids are needed.")
        builds: dict[str, Build | KeptBuild] = {**self._earlier, **self._builds}
        known = [builds[each].document() for each in ids if each in builds]
        return {"builds": known, "buildsNotFound": [each for each in ids if each not in builds]}

    def listed(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """ListBuildsForProject: a hundred ids, the newest first unless the order says otherwise; no further pages."""
        project = str(request.get("projectName"))
        if project not in self._projects:
            raise Refusal("ResourceNotFoundException", f"Project cannot be found: {project}")
        ids = [each for each in (*self._earlier, *self._builds) if each.startswith(f"{project}:")]
        if request.get("sortOrder") != "ASCENDING":
            ids.reverse()
        return {"ids": ids[:MOST_LISTED]}

    def stop(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """StopBuild: ask for the end of one."""
        named = str(request.get("id"))
        build = self._builds.get(named) or self._earlier.get(named)
        if build is None:
            raise Refusal("ResourceNotFoundException", "There is no such build.")
        build.stop()
        return {"build": build.document()}

    def close(self) -> None:
        """End all builds and wait until nothing of them runs."""
        for build in self._builds.values():
            build.stop()
        for build in self._builds.values():
            build.wait(_END_WITHIN_SECONDS)

    def folder_of(self, build_id: str) -> Path:
        """Where a build keeps its `log`; KeyError."""
        return self._builds[build_id].folder

    def _same(self, request: Mapping[str, Any]) -> Build | None:
        token = self._tokens.get(str(request.get("idempotencyToken", "")))
        if token is None or token.until <= self._now():
            return None
        if token.request != json.dumps(request, sort_keys=True):
            raise Refusal("InvalidInputException", "The idempotency token came with other parameters before.")
        return self._builds[token.build_id]

    def _new(self, request: Mapping[str, Any]) -> Build:
        project = self._projects.get(str(request.get("projectName")))
        if project is None:
            raise Refusal("ResourceNotFoundException", f"Project cannot be found: {request.get('projectName')}")
        if sum(not build.complete for build in self._builds.values()) >= self._slots:
            message = f"Cannot have more than {self._slots} builds in queue for the account"
            raise Refusal("AccountLimitExceededException", message)
        overrides = {each["name"]: each["value"] for each in request.get("environmentVariablesOverride", [])}
        alone = self._nth.popleft() if self._nth and overrides.get(_ATTEMPT, _FIRST) == _FIRST else {}
        build = Build(
            replace(project, image={**project.image, **alone}),
            len(self._earlier) + len(self._builds) + 1,
            overrides,
            folder=self._folder,
            mark=self._mark,
            queued_seconds=self._queued,
            grace_seconds=self._grace,
        )
        self._builds[build.id] = build
        if token := request.get("idempotencyToken"):
            until = self._now() + TOKEN_SECONDS
            self._tokens[token] = _Token(build_id=build.id, request=json.dumps(request, sort_keys=True), until=until)
        build.begin()
        return build
