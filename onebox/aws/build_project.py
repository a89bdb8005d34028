"""The template's build project: what CodeBuild is told about it, as far as its stand-in needs it."""

from __future__ import annotations

from onebox.aws.template import Template

KIND = "AWS::CodeBuild::Project"


def build_project(template: Template) -> tuple[str, str] | None:
    """Name and buildspec of the one project; None where the template makes none."""
    for logical, properties in template.of_type(KIND).items():
        return template.name(logical), str(properties["Source"]["BuildSpec"])
    return None
