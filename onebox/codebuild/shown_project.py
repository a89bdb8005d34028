"""What is told of the one project to whoever asks for projects: its name, and the environment of its builds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from onebox.codebuild.refusal import Refusal
from onebox.codebuild.wire import Operations

MOST_NAMES = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownProject:
    """`environment` as AWS answers it: `type`, `computeType`, `image` and more."""

    name: str
    environment: Mapping[str, Any]

    def operations(self) -> Operations:
        """What `wire.Server` serves, by name."""
        return {"BatchGetProjects": self.batch_get}

    def batch_get(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """BatchGetProjects: what is known of each name (an ARN counts as one), and which names are not known."""
        names = request.get("names")
        if not isinstance(names, list) or not 1 <= len(names) <= MOST_NAMES:
            raise Refusal("InvalidInputException", "Between 1 and 100 names are needed.")
        arn = f"arn:aws:codebuild:eu-central-1:000000000000:project/{self.name}"
        ours = {self.name, arn}
        told = {"name": self.name, "arn": arn, "environment": dict(self.environment), "source": {"type": "NO_SOURCE"}}
        return {
            "projects": [told] if ours & set(names) else [],
            "projectsNotFound": [each for each in names if each not in ours],
        }
