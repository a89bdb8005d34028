"""The template that Chalice really makes: it keeps all rules, SAM takes it, and the linter finds what is planted."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import check_template
import pytest
from lint import everything, translated


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what is packaged, without libraries."""
    return check_template.copy_project(tmp_path_factory.mktemp("project"), full=False)


@pytest.fixture(scope="module")
def packaged(project: Path) -> dict[str, Any]:
    """The packaged template of `dev`, for which nothing was found wrong."""
    assert list(check_template.check(project, "dev")) == []
    found: dict[str, Any] = json.loads((project / "out" / "dev" / "sam.json").read_text("utf-8"))
    return found


def test_a_mistake_shows_in_the_packaged_template(packaged: dict[str, Any]) -> None:
    """The rules are asked about what Chalice made, not about what was meant."""
    broken = copy.deepcopy(packaged)
    del broken["Resources"]["Tick"]["Properties"]["EventInvokeConfig"]
    broken["Metadata"] = {"cfn-lint": {"config": {"ignore_checks": ["E3001"]}}}
    found = list(everything.problems(broken, "dev", check_template.ROOT))
    assert found[0] == "Tick is tried again None times when it fails"
    assert found[-1].startswith("a rule of the linter is ignored")


def test_what_sam_makes_of_it(packaged: dict[str, Any]) -> None:
    """Schedules, subscription and retries become resources of CloudFormation, and there is one stage."""
    deployed = translated.translated(packaged, check_template.REGION)
    kinds = [each["Type"] for each in deployed["Resources"].values()]
    assert kinds.count("AWS::Events::Rule") == 2
    assert kinds.count("AWS::Lambda::EventInvokeConfig") == 4
    assert kinds.count("AWS::Lambda::Permission") == 4
    assert "AWS::Serverless::Function" not in kinds
    assert list(translated.problems(deployed)) == []


def test_a_second_stage_is_found(packaged: dict[str, Any]) -> None:
    """Without the version SAM adds a stage of its own, and it is named."""
    broken = copy.deepcopy(packaged)
    del broken["Resources"]["RestAPI"]["Properties"]["OpenApiVersion"]
    assert "a deployment makes a stage of its own" in translated.problems(
        translated.translated(broken, check_template.REGION)
    )


def test_what_sam_refuses(packaged: dict[str, Any]) -> None:
    """A template that SAM cannot translate is told with SAM's reason."""
    broken = copy.deepcopy(packaged)
    del broken["Resources"]["Tick"]["Properties"]["Events"]["TickEvent"]["Properties"]["Schedule"]
    broken["Resources"]["Tick"]["Properties"]["Events"]["TickEvent"]["Type"] = "Sometimes"
    with pytest.raises(translated.NotTranslated, match="Tick"):
        translated.translated(broken, check_template.REGION)


def test_what_the_linter_finds(tmp_path: Path) -> None:
    """A misspelt property ends the check with the linter's words; a sound template passes."""
    template = {"AWSTemplateFormatVersion": "2010-09-09", "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}
    out = tmp_path / "out" / "dev"
    out.mkdir(parents=True)
    (out / "sam.json").write_text(json.dumps(template))
    assert check_template.lint(tmp_path, "dev") is None
    template["Resources"]["Topic"]["Properties"] = {"Nmae": "x"}  # type: ignore[index]  # a literal of many types
    (out / "sam.json").write_text(json.dumps(template))
    assert "E3002" in str(check_template.lint(tmp_path, "dev"))
