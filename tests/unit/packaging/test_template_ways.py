"""The template holds together however its parameters are set, and no rule of the linter can be put aside in it."""

from __future__ import annotations

import copy
import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import check_template
import pytest
from artefact.build import Job
from lint import builder_rules, everything, reference_rules, translated
from lint.ways import every_way


@pytest.fixture
def template(made: Job) -> dict[str, Any]:
    """The packaged template, to plant mistakes in."""
    found: dict[str, Any] = json.loads((made.place / "sam.json").read_text(encoding="utf-8"))
    return found


def problems(template: dict[str, Any]) -> set[str]:
    """What is wrong with references in any way of setting the parameters, or with builders where they are right."""
    found: set[str] = set()
    for stack in everything.stacks(template, "dev", every_way(template)):
        found.update(list(reference_rules.problems(stack)) or builder_rules.problems(stack))
    return found


def test_every_condition_is_tried_both_ways(template: dict[str, Any]) -> None:
    """Among the ways each condition holds in one and does not in another, whatever any one other condition is."""
    stacks = everything.stacks(template, "dev", every_way(template))
    held = {name: {stack.holds(name) for stack in stacks} for name in template["Conditions"]}
    assert held == {name: {True, False} for name in template["Conditions"]}
    free = [name for name in template["Conditions"] if name not in {"BuilderIsCodebuild", "BuilderIsFargate"}]
    for one, other in itertools.combinations(free, 2):
        assert len({(stack.holds(one), stack.holds(other)) for stack in stacks}) == 4, (one, other)
    kinds = {(stack.holds("BuilderIsCodebuild"), stack.holds("BuilderIsFargate")) for stack in stacks}
    assert kinds == {(True, False), (False, True)}  # never both, never none


def test_every_way_holds_together(template: dict[str, Any]) -> None:
    """No stack refers to what it has not, and each has one kind of builder in all its parts."""
    assert problems(template) == set()


MISTAKES: dict[str, tuple[Callable[[dict[str, Any]], Any], str]] = {
    "a repository that is not always there": (
        lambda all_: all_["Outputs"].update(Where={"Value": {"Fn::GetAtt": ["BuilderRepository", "Arn"]}}),
        "Where refers to BuilderRepository, which is not in the stack",
    ),
    "a name that nobody has": (
        lambda all_: all_["Resources"]["Alarms"]["Properties"].update(TopicName={"Fn::Sub": "${Nobody}"}),
        "Alarms refers to Nobody, which is not in the stack",
    ),
    "both builders": (
        lambda all_: all_["Resources"]["BuilderProject"].pop("Condition"),
        "a stack with fargate has 1 of AWS::CodeBuild::Project",
    ),
    "no builder": (
        lambda all_: all_["Resources"]["BuilderTask"].update(Condition="BuilderIsCodebuild"),
        "a stack with fargate has 0 of AWS::ECS::TaskDefinition",
    ),
    "a setting of the other kind": (
        lambda all_: all_["Resources"]["Tick"]["Properties"]["Environment"]["Variables"].update(
            CCC_BUILDER="codebuild://ccc"
        ),
        "Tick starts builders by codebuild in a stack with fargate",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_planted_mistake(template: dict[str, Any], mistake: str) -> None:
    """What holds together in one way only is named."""
    plant, said = MISTAKES[mistake]
    plant(template)
    assert said in problems(template)


@pytest.mark.parametrize("given", [{"Builder": "codebuild"}, {"Builder": "fargate", "BuilderSubnets": "subnet-0a1b"}])
def test_sam_translates_each_kind(template: dict[str, Any], given: dict[str, str]) -> None:
    """Whichever builder is the default, SAM takes the template, and there is one stage."""
    chosen = copy.deepcopy(template)
    for name, value in given.items():
        chosen["Parameters"][name]["Default"] = value
    assert list(translated.problems(translated.translated(chosen, check_template.REGION))) == []


@pytest.mark.parametrize("where", ["metadata of the template", "metadata of a resource", "a file of settings"])
def test_no_rule_of_the_linter_can_be_ignored(tmp_path: Path, where: str) -> None:
    """A misspelt property is found although the template, a resource or a file asks to pass over that rule."""
    ignored = {"cfn-lint": {"config": {"ignore_checks": ["E3002", "E"]}}}
    topic: dict[str, Any] = {"Type": "AWS::SNS::Topic", "Properties": {"Nmae": "x"}}
    template = {"AWSTemplateFormatVersion": "2010-09-09", "Resources": {"Topic": topic}}
    match where:
        case "metadata of the template":
            template["Metadata"] = ignored
        case "metadata of a resource":
            topic["Metadata"] = ignored
        case _:
            (tmp_path / ".cfnlintrc").write_text("ignore_checks:\n  - E3002\n", encoding="utf-8")
    out = tmp_path / "out" / "dev"
    out.mkdir(parents=True)
    (out / "sam.json").write_text(json.dumps(template), encoding="utf-8")
    assert "E3002" in str(check_template.lint(tmp_path, "dev"))
