"""The environment that the template gives every function makes sound settings, for every stage and every builder."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from lint.everything import WAYS, stacks
from lint.functions import KIND

from chalicelib.config import Settings, settings
from chalicelib.domain.signup import SignupKind, SignupPolicy


def read(template: dict[str, Any], stage: str, way: int) -> Settings:
    """The settings of a function of the stage."""
    return settings(stacks(template, stage)[way].resources(KIND)["Tick"]["Environment"]["Variables"])


@pytest.mark.parametrize("stage", ["dev", "prod"])
@pytest.mark.parametrize("way", range(len(WAYS)))
def test_settings_are_sound(template_of: Callable[[str], dict[str, Any]], stage: str, way: int) -> None:
    """Nothing is missing or wrong, and each place is the stage's own."""
    found = read(template_of(stage), stage, way)
    assert found.store.host == f"ccc-{stage}-Table"
    assert (found.keyring.path, found.public_url) == (f"/ccc/{stage}", None)
    assert found.nudge.host == f"ccc-{stage}-advance"
    assert (found.mail.host, found.mail.option("configuration_set")) == ("eu-central-1", f"ccc-{stage}")


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_nobody_signs_up_before_the_operator_says_so(template_of: Callable[[str], dict[str, Any]], stage: str) -> None:
    """A stage is deployed closed: opening it is a change of its own, after the first machine of the operator's."""
    assert read(template_of(stage), stage, 0).limits.signup == SignupPolicy(kind=SignupKind.CLOSED)


def test_builders_of_both_kinds(template_of: Callable[[str], dict[str, Any]]) -> None:
    """Builders are builds of the stack's project, or tasks of its cluster in the subnets that were named."""
    builds, tasks = (read(template_of("prod"), "prod", way).builder for way in range(2))
    assert (builds.scheme, builds.host) == ("codebuild", "ccc-prod-builder")
    assert (tasks.scheme, tasks.host, tasks.path) == ("fargate", "ccc-prod-builder", "/ccc-prod-builder")
    assert (tasks.option("subnets"), tasks.option("security_groups")) == ("subnet-0a1b,subnet-0c2d", "sg-0a1b")


def test_letters_are_ours_and_answered(template_of: Callable[[str], dict[str, Any]]) -> None:
    """Sender and contact are the stack's parameters, whatever `config.json` says while the app is packaged."""
    plain, told = (read(template_of("dev"), "dev", way) for way in range(2))
    assert plain.mail_from == told.mail_from == "Claude Code Cloud <box@ccc.example.org>"
    assert (plain.mail_operator, told.mail_operator) == (None, "help@example.org")
