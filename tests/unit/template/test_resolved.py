"""Values are worked out as CloudFormation does, and what is not known is not guessed."""

from __future__ import annotations

from typing import Any

import pytest
from lint.resolved import Stack

TEMPLATE: dict[str, Any] = {
    "Parameters": {"Size": {"Default": "small"}},
    "Conditions": {"Big": {"Fn::Not": [{"Fn::Equals": [{"Ref": "Size"}, "small"]}]}},
    "Resources": {
        "Box": {"Type": "A::Box", "Properties": {"Name": {"Fn::Sub": "${AWS::StackName}-box"}}},
        "Lid": {"Type": "A::Lid", "Condition": "Big", "Properties": {"Of": {"Ref": "Box"}}},
        "Bare": {"Type": "A::Box"},
    },
}


@pytest.mark.parametrize(
    ("node", "value"),
    [
        ({"Ref": "Size"}, "small"),
        ({"Ref": "AWS::Region"}, "eu-central-1"),
        ({"Ref": "Box"}, "ccc-dev-box"),
        ({"Ref": "Bare"}, "ccc-dev-Bare"),
        ({"Fn::GetAtt": ["Box", "Arn"]}, "arn:aws:any:eu-central-1:123456789012:ccc-dev-box"),
        ({"Fn::Sub": "${Box}/${Box.Size} in ${AWS::AccountId}, not ${!Box}"},
         "ccc-dev-box/ccc-dev-box.Size in 123456789012, not ${Box}"),
        ({"Fn::Sub": ["${Stage}!", {"Stage": {"Fn::Select": [1, {"Fn::Split": ["-", {"Ref": "AWS::StackName"}]}]}}]},
         "dev!"),
        ({"Fn::If": ["Big", 1, 2]}, 2),
        ([1, {"Ref": "AWS::NoValue"}, 3], [1, 3]),
        ({"Kept": 1, "Left": {"Fn::If": ["Big", 1, {"Ref": "AWS::NoValue"}]}}, {"Kept": 1}),
    ],
)  # fmt: skip
def test_a_value(node: Any, value: Any) -> None:
    """Each function that the template uses gives what CloudFormation would."""
    assert Stack(template=TEMPLATE, name="ccc-dev").value(node) == value


def test_a_parameter_that_is_set() -> None:
    """A parameter's value decides conditions, and they decide which resources there are."""
    small, big = (Stack(template=TEMPLATE, name="s", parameters=given) for given in ({}, {"Size": "huge"}))
    assert (small.holds("Big"), big.holds("Big")) == (False, True)
    assert small.resources("A::Lid") == {}
    assert big.resources("A::Lid") == {"Lid": {"Of": "s-box"}}


@pytest.mark.parametrize("node", [{"Fn::ImportValue": "x"}, {"Ref": "Nobody"}, {"Fn::Sub": "${Nobody}"}])
def test_what_is_not_known(node: Any) -> None:
    """A function or a name that is not known is an error, and never a text that looks like a value."""
    with pytest.raises(KeyError):
        Stack(template=TEMPLATE, name="ccc-dev").value(node)
