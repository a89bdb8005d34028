"""References of a template, resolved as CloudFormation would for one stack."""

from __future__ import annotations

from typing import Any

import pytest

from onebox.aws.functions import by_handler, functions
from onebox.aws.template import Template, TemplateInvalid

DOCUMENT: dict[str, Any] = {
    "Parameters": {
        "Size": {"Type": "String", "Default": "small"},
        "Nets": {"Type": "CommaDelimitedList", "Default": "a,b"},
    },
    "Conditions": {
        "IsSmall": {"Fn::Equals": [{"Ref": "Size"}, "small"]},
        "IsLarge": {"Fn::Not": [{"Condition": "IsSmall"}]},
    },
    "Resources": {
        "Table": {"Type": "AWS::DynamoDB::Table", "Properties": {}},
        "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": {"Fn::Sub": "${AWS::StackName}-news"}}},
        "Work": {
            "Type": "AWS::Serverless::Function",
            "Properties": {
                "FunctionName": {"Fn::Sub": "${AWS::StackName}-work"},
                "Handler": "app.work",
                "Timeout": 40,
                "ReservedConcurrentExecutions": {"Fn::If": ["IsSmall", 1, {"Ref": "AWS::NoValue"}]},
                "EventInvokeConfig": {"MaximumRetryAttempts": 0},
                "Environment": {"Variables": {"STORE": {"Fn::Sub": "dynamodb://${Table}"}, "MANY": 3}},
            },
        },
        "Other": {
            "Type": "AWS::Serverless::Function",
            "Condition": "IsLarge",
            "Properties": {"FunctionName": "other", "Handler": "app.other"},
        },
    },
}


def template(**given: str) -> Template:
    """The document for the stack `ccc-dev`."""
    return Template(document=DOCUMENT, stack="ccc-dev", given=given)


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ({"Ref": "Table"}, "ccc-dev-Table"),
        ({"Ref": "Topic"}, "arn:aws:sns:eu-central-1:000000000000:ccc-dev-news"),
        ({"Ref": "Nets"}, ["a", "b"]),
        ({"Fn::GetAtt": ["Work", "Arn"]}, "arn:aws:lambda:eu-central-1:000000000000:function:ccc-dev-work"),
        ({"Fn::GetAtt": "Topic.TopicName"}, "ccc-dev-news"),
        ({"Fn::Sub": "${Table.Arn}/index/*"}, "arn:aws:dynamodb:eu-central-1:000000000000:table/ccc-dev-Table/index/*"),
        ({"Fn::Sub": ["${Own}-${!Kept}-${Size}", {"Own": {"Ref": "Size"}}]}, "small-${Kept}-small"),
        ({"Fn::Join": ["-", ["a", {"Ref": "Size"}]]}, "a-small"),
        ({"Fn::Select": [1, {"Fn::Split": ["-", {"Ref": "AWS::StackName"}]}]}, "dev"),
        ({"Fn::If": ["IsLarge", "large", {"kept": [1, {"Ref": "AWS::NoValue"}]}]}, {"kept": [1]}),
        ({"left": {"Ref": "AWS::NoValue"}, "kept": 1}, {"kept": 1}),
        ({"Fn::Or": [{"Condition": "IsLarge"}, {"Condition": "IsSmall"}]}, True),
        ({"Fn::And": [{"Condition": "IsLarge"}, {"Condition": "IsSmall"}]}, False),
    ],
)
def test_a_value_is_resolved(value: Any, wanted: Any) -> None:
    """Names, ARNs, texts, lists and conditions become what CloudFormation makes of them."""
    assert template().resolve(value) == wanted


@pytest.mark.parametrize(
    "value",
    [
        {"Ref": "Nobody"},
        {"Fn::GetAtt": ["Nobody", "Arn"]},
        {"Fn::GetAtt": ["Table", "StreamSpeed"]},
        {"Fn::Cidr": ["10.0.0.0/8", 1, 8]},
        {"Fn::If": ["IsHuge", 1, 2]},
    ],
)
def test_what_is_not_known_is_an_error(value: Any) -> None:
    """Nothing is guessed: an unknown name, attribute, function or condition is refused."""
    with pytest.raises(TemplateInvalid):
        template().resolve(value)


def test_functions_are_those_that_are_made() -> None:
    """A function has what the template says of it; one whose condition is false is not there."""
    found = functions(template())
    assert list(found) == ["Work"]
    work = by_handler(found, "app.work")
    assert (work.short, work.name, work.timeout, work.at_once, work.retries) == ("work", "ccc-dev-work", 40.0, 1, 0)
    assert work.environment == {"STORE": "dynamodb://ccc-dev-Table", "MANY": "3"}


def test_a_parameter_that_is_given_wins() -> None:
    """With another size the other function is made, and nothing is reserved for the first."""
    found = functions(template(Size="large"))
    assert list(found) == ["Work", "Other"]
    assert found["Work"].at_once > 1
    assert (found["Other"].timeout, found["Other"].retries) == (3.0, 2)
