"""The one project as an operator's look sees it, asked by botocore."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from onebox.codebuild.builds import TARGET
from onebox.codebuild.shown_project import ShownProject
from onebox.codebuild.wire import Server, serving
from tests.unit.onebox.aws.clients import client as client_of

NAME = "ccc-test-builder"
ENVIRONMENT = {"type": "LINUX_CONTAINER", "computeType": "BUILD_GENERAL1_SMALL", "image": "example/builder:1"}


@pytest.fixture
def client() -> Iterator[Any]:
    """A client of a CodeBuild that has one project."""
    shown = ShownProject(name=NAME, environment=ENVIRONMENT)
    with serving(Server(TARGET, shown.operations())) as url:
        asking = client_of("codebuild", url)
        yield asking
        asking.close()


def test_a_project_is_told_with_its_environment(client: Any) -> None:
    """By its name or its ARN; a name that nobody knows is told as such, and is no error."""
    answer = client.batch_get_projects(names=[NAME, "other"])
    (project,) = answer["projects"]
    assert (project["name"], project["environment"]) == (NAME, ENVIRONMENT)
    assert answer["projectsNotFound"] == ["other"]
    by_arn = client.batch_get_projects(names=[project["arn"]])
    assert [each["name"] for each in by_arn["projects"]] == [NAME]
    assert by_arn["projectsNotFound"] == []


def test_too_many_are_asked_for(client: Any) -> None:
    """More than a hundred names are refused."""
    with pytest.raises(client.exceptions.InvalidInputException):
        client.batch_get_projects(names=[NAME] * 101)
