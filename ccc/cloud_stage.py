"""A stage as its stack describes itself: names, outputs, parameters. A stage without a stack has its name alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudStage:
    """`outputs` and `parameters` are the stack's."""

    name: str
    outputs: Mapping[str, str]
    parameters: Mapping[str, str]

    @classmethod
    def of(cls, name: str, stack: Mapping[str, Any]) -> Self:
        """Return the stage of a stack in CloudFormation's words."""
        return cls(
            name=name,
            outputs={each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", [])},
            parameters={each["ParameterKey"]: each["ParameterValue"] for each in stack.get("Parameters", [])},
        )

    @property
    def stack(self) -> str:
        """The stack's name."""
        return f"ccc-{self.name}"

    @property
    def path(self) -> str:
        """Beneath which its parameters are in SSM."""
        return f"/ccc/{self.name}"
