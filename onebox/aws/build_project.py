"""The template's build project: what CodeBuild is told about it, as far as its stand-in needs it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from onebox.aws.template import Template

KIND = "AWS::CodeBuild::Project"


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildProject:
    """`environment` has the members that CodeBuild's API gives it (`type`, `computeType`, `image`, …)."""

    name: str
    buildspec: str
    environment: Mapping[str, Any]


def build_project(template: Template) -> BuildProject | None:
    """The one project; None where the template makes none."""
    for logical, properties in template.of_type(KIND).items():
        declared = properties.get("Environment", {})
        return BuildProject(
            name=template.name(logical),
            buildspec=str(properties["Source"]["BuildSpec"]),
            # a template begins the members' names with a capital, the API does not
            environment={key[:1].lower() + key[1:]: value for key, value in declared.items()},
        )
    return None
