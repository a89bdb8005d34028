"""What the packaged functions ask AWS for in whole lives is what their policies allow: no more, and no less.

Every call that botocore makes is heard in the function's own process, as actions on resources with the keys of the
conditions, once with builds on CodeBuild and once with tasks on Fargate.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from lint import recording
from lint.reasons import REASONS
from lint.resolved import Stack
from lint.rights import Life as Asked
from lint.rights import problems

from onebox import dynamodb_local
from onebox.aws.artefact import Artefact, unpacked
from tests.missing import without
from tests.stack.aws.recorded_life import WORKERS, Life, looked_at
from tests.stack.aws.recorded_stack import recorded_stack
from tests.stack.box import CHECKOUT
from tests.stack.conftest import GuestKey

BUILDS: dict[str, str] = {}
TASKS = {"Builder": "fargate", "BuilderSubnets": "subnet-0a1b,subnet-0c2d", "BuilderSecurityGroups": "sg-0a1b"}

Lives = tuple[Asked, Asked]


@pytest.fixture(scope="module")
def lives(tmp_path_factory: pytest.TempPathFactory, guest_key: GuestKey) -> Lives:
    """What was asked for in lives with builds, and in lives with tasks."""
    why = dynamodb_local.missing(CHECKOUT / dynamodb_local.DIRECTORY)
    if why:
        without(why)
    folder = tmp_path_factory.mktemp("recorded")
    artefact = unpacked(folder / "artefact", os.environ)  # noqa: TID251 -- whoever packages needs a PATH and a home
    builds, tasks = (_lived(folder / name, artefact, guest_key, way) for name, way in (("b", BUILDS), ("t", TASKS)))
    return builds, tasks


def _lived(folder: Path, artefact: Artefact, guest_key: GuestKey, way: dict[str, str]) -> Asked:
    folder.mkdir()
    with recorded_stack(folder, artefact, **way) as stack:
        for worker in WORKERS:
            Life(stack=stack, worker=worker, public_key=guest_key.public).live()
        looked_at(stack)
        return Asked(stack=stack.template, recorded=recording.read(stack.record.read_text().splitlines()))


def test_every_request_is_allowed_and_every_right_is_used(lives: Lives) -> None:
    """Each request has a statement of its function's policy that allows it, each right a request or its own reason."""
    assert list(problems(lives, REASONS)) == []


@pytest.mark.parametrize("function", ["Advance", "Tick", "Reap"])
def test_each_of_the_three_starts_looks_and_stops(lives: Lives, function: str) -> None:
    """The worker, and the tick and the reaper in its place, were all heard to start, look at and stop both builders."""
    builds, tasks = ({request.action for name, request in each.requests() if name == function} for each in lives)
    assert {f"codebuild:{name}" for name in ("StartBuild", "BatchGetBuilds", "StopBuild")} <= builds
    assert {"ecs:RunTask", "ecs:DescribeTasks", "ecs:StopTask", "iam:PassRole"} <= tasks


def _statement(template: dict[str, Any], function: str, sid: str) -> dict[str, Any]:
    """A statement of a function's policy, out of its `Fn::If` where it stands in one."""
    role = template["Resources"][function]["Properties"]["Role"]["Fn::GetAtt"][0]
    (policy,) = template["Resources"][role]["Properties"]["Policies"]
    statements = (each.get("Fn::If", [None, each])[1] for each in policy["PolicyDocument"]["Statement"])
    found: dict[str, Any] = next(each for each in statements if each["Sid"] == sid)
    return found


TABLE = "arn:aws:dynamodb:eu-central-1:123456789012:table/ccc-dev-Table"
Planted = Callable[[dict[str, Any]], Any]
MISTAKES: dict[str, tuple[Planted, str]] = {
    "a build cannot be stopped": (
        lambda all_: _statement(all_, "Reap", "RunBuilds")["Action"].remove("codebuild:StopBuild"),
        "Reap asked for codebuild:StopBuild on arn:aws:codebuild:eu-central-1:123456789012:project/ccc-dev-builder,",
    ),
    "another project": (
        lambda all_: _statement(all_, "Tick", "RunBuilds").update(Resource="arn:aws:codebuild:*:*:project/other"),
        "Tick asked for codebuild:StartBuild on",
    ),
    "an index is missing": (
        lambda all_: _statement(all_, "APIHandler", "ReadItsIndexes")["Resource"].pop(0),
        f"APIHandler asked for dynamodb:Query on {TABLE}/index/owner,",
    ),
    "another sender": (
        lambda all_: _statement(all_, "Advance", "SendLetters").update(
            Condition={"StringEquals": {"ses:FromAddress": "other@ccc.example.org"}}
        ),
        "Advance asked for ses:SendEmail on",
    ),
    "no configuration set": (
        lambda all_: _statement(all_, "Advance", "SendLetters")["Resource"].pop(1),
        "Advance asked for ses:SendEmail on arn:aws:ses:eu-central-1:123456789012:configuration-set/",
    ),
    "another cluster": (
        lambda all_: _statement(all_, "Advance", "LookAtTasks").update(
            Condition={"ArnEquals": {"ecs:cluster": "arn:aws:ecs:eu-central-1:123456789012:cluster/other"}}
        ),
        "Advance asked for ecs:StopTask on",
    ),
    "the role for another service": (
        lambda all_: _statement(all_, "Advance", "HandOverTheRole").update(
            Condition={"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}
        ),
        "Advance asked for iam:PassRole on",
    ),
    "secrets of another stage": (
        lambda all_: _statement(all_, "MailFeedback", "OpenTheKeyring")["Condition"]["StringLike"].update(
            {"kms:EncryptionContext:PARAMETER_ARN": "arn:aws:ssm:*:*:parameter/ccc/prod/*"}
        ),
        "MailFeedback asked for kms:Decrypt on",
    ),
    "a right too many": (
        lambda all_: _statement(all_, "APIHandler", "WriteTheTable")["Action"].append("dynamodb:DeleteItem"),
        "APIHandler: dynamodb:DeleteItem on arn:aws:dynamodb:eu-central-1:123456789012:table/ccc-dev-Table: never used",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_planted_mistake(lives: Lives, mistake: str) -> None:
    """A policy that is too narrow for what was asked, or wider than anything that was, is named."""
    plant, said = MISTAKES[mistake]
    template: dict[str, Any] = copy.deepcopy(dict(lives[0].stack.template))
    plant(template)
    changed = [replace(each, stack=_of(template, each.stack)) for each in lives]
    assert [each for each in problems(changed, REASONS) if each.startswith(said)]


def _of(template: dict[str, Any], stack: Stack) -> Stack:
    """The stack that another template makes with the same parameters."""
    return replace(stack, template=template)
