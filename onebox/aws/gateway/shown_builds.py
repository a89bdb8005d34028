"""The builds of CodeBuild for the machine's page, in the shape in which one box shows its builders."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import botocore.session  # type: ignore[import-untyped]  # botocore ships no types
from botocore.config import Config  # type: ignore[import-untyped]  # same
from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]  # same

from onebox.aws.template import REGION

SHOWN = 50

_SAID = re.compile(r"exit status ([0-9]+)$")
_SIGNAL = 128
"""A shell tells the end by a signal as this and the signal's number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownBuilds:
    """Of one project; `folder` is where the stand-in keeps the builds; `client` is botocore's."""

    project: str
    folder: Path
    client: Any

    @classmethod
    def of(cls, project: str, folder: Path) -> ShownBuilds:
        """With a client for the endpoint that the environment names."""
        config = Config(connect_timeout=2, read_timeout=5, retries={"total_max_attempts": 1})
        client = botocore.session.Session().create_client("codebuild", region_name=REGION, config=config)
        return cls(project=project, folder=folder, client=client)

    def __call__(self) -> list[dict[str, Any]]:
        """The newest builds, newest first; none while CodeBuild does not answer."""
        try:
            ids = self.client.list_builds_for_project(projectName=self.project)["ids"][:SHOWN]
            found = self.client.batch_get_builds(ids=ids)["builds"] if ids else []
        except (BotoCoreError, ClientError):
            return []
        return [self._shown(each) for each in found]

    def _shown(self, build: dict[str, Any]) -> dict[str, Any]:
        given = {one["name"]: one["value"] for one in build["environment"]["environmentVariables"]}
        return {
            "build": f"{given.get('CCC_INSTANCE_ID')}-{given.get('CCC_ATTEMPT')}",
            "state": "stopped" if build["buildComplete"] else "running",
            "exit_status": _exit_status(build),
            "status": build["buildStatus"],
            "log": str(self.folder / build["id"].partition(":")[2] / "log"),
        }


def _exit_status(build: dict[str, Any]) -> int | None:
    """Of the command that failed, a signal as a negative number; 0 for a build that succeeded."""
    told = [one["message"] for phase in build.get("phases", []) for one in phase.get("contexts", [])]
    found = _SAID.search(told[0]) if told else None
    if found is None:
        return 0 if build["buildStatus"] == "SUCCEEDED" else None
    return int(found[1]) if int(found[1]) <= _SIGNAL else _SIGNAL - int(found[1])
