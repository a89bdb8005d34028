"""A template as packaging makes it, put together in no time: what is merged, and the parts of Chalice's that matter.

That the real one is no other is shown in `test_packaged.py`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]

if str(ROOT / "packaging") not in sys.path:
    sys.path.append(str(ROOT / "packaging"))  # a folder of scripts, not a package

from lint.resolved import Stack  # noqa: E402 -- found only after the line above

NAMES = {"api_handler": "APIHandler", "mail_feedback": "MailFeedback"}


def read(name: str) -> dict[str, Any]:
    """One of Chalice's files."""
    found: dict[str, Any] = json.loads((ROOT / ".chalice" / name).read_text(encoding="utf-8"))
    return found


def assembled(stage: str) -> dict[str, Any]:
    """The template of a stage."""
    config, template = read("config.json"), read("resources.json")
    variables = {**config["environment_variables"], **config["stages"][stage]["environment_variables"]}
    for name, function in config["lambda_functions"].items():
        logical = NAMES.get(name, name.capitalize())
        resource = template["Resources"][logical]
        resource["Type"] = "AWS::Serverless::Function"
        properties = resource["Properties"]
        properties["Handler"] = f"app.{'app' if name == 'api_handler' else name}"
        properties["Role"] = {"Fn::GetAtt": [f"{logical}Role", "Arn"]}
        properties["Environment"]["Variables"] = variables | properties["Environment"]["Variables"]
        policies = [{"PolicyName": "only", "PolicyDocument": read(function["iam_policy_file"])}]
        template["Resources"][f"{logical}Role"] = {"Type": "AWS::IAM::Role", "Properties": {"Policies": policies}}
    api = template["Resources"]["RestAPI"]
    api["Type"] = "AWS::Serverless::Api"
    routes = {"/": ["post"], "/instances": ["post"], "/builds/{id}/{attempt}/claim": ["post"]}
    api["Properties"]["DefinitionBody"]["paths"] = {path: dict.fromkeys(methods) for path, methods in routes.items()}
    return template


@pytest.fixture
def template_of() -> Callable[[str], dict[str, Any]]:
    """The template of any stage."""
    return assembled


@pytest.fixture
def template() -> dict[str, Any]:
    """The template of the stage `dev`, to plant mistakes in."""
    return assembled("dev")


@pytest.fixture
def stack(template: dict[str, Any]) -> Stack:
    """The stack of that template, with every parameter at its default."""
    return Stack(template=template, name="ccc-dev")


@pytest.fixture
def resources(template: dict[str, Any]) -> dict[str, Any]:
    """The resources of that template."""
    found: dict[str, Any] = template["Resources"]
    return found
