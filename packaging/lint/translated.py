"""A packaged template as the SAM translator makes CloudFormation of it: what is really deployed.

The translator's own checks are part of it; what it returns is linted like any template. Nothing is asked of AWS: the
region is told, and managed policies, which it would look up, are not used by name.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from samtranslator.model.exceptions import InvalidDocumentException  # type: ignore[import-untyped]  # ships no types
from samtranslator.parser.parser import Parser  # type: ignore[import-untyped]  # same
from samtranslator.translator.translator import Translator  # type: ignore[import-untyped]  # same


class NotTranslated(Exception):
    """The translator refuses the template; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Session:
    """All that the translator asks of a session."""

    region_name: str


def translated(template: dict[str, Any], region: str) -> dict[str, Any]:
    """The template that CloudFormation gets; NotTranslated."""
    given = copy.deepcopy(template)
    for resource in given["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = "s3://bucket/deployment.zip"  # as `cloudformation package` does
    translator = Translator(managed_policy_map={}, sam_parser=Parser(), boto_session=_Session(region_name=region))
    try:
        found: dict[str, Any] = translator.translate(given, parameter_values={})
    except InvalidDocumentException as error:
        raise NotTranslated(f"the SAM translator refuses it: {error.message} {error.causes}") from error
    finally:
        translator.metrics.publish()  # to nobody; it complains aloud about what was not published
    return found


def problems(deployed: dict[str, Any]) -> Iterator[str]:
    """What must hold only of the translated template: there is one stage, the one with throttles and a log."""
    resources = deployed["Resources"].values()
    stages = [each["Properties"] for each in resources if each["Type"] == "AWS::ApiGateway::Stage"]
    if len(stages) != 1:
        yield f"there are {len(stages)} stages"
    if any("StageName" in each["Properties"] for each in resources if each["Type"] == "AWS::ApiGateway::Deployment"):
        yield "a deployment makes a stage of its own"
    if not all(stage.get("AccessLogSetting") and stage.get("MethodSettings") for stage in stages):
        yield "a stage has no throttle or no log"
