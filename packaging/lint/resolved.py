"""A template's values as CloudFormation will work them out for a stack: parameters, conditions, names of resources.

Only the functions that our template uses are known; another one is a KeyError, so that nobody trusts a guess, and so is
a reference to a resource that this stack will not have. What
CloudFormation makes up itself (an unnamed resource, the API's id) gets a name made of stack and logical id.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

NOTHING = object()
"""What AWS::NoValue becomes; whoever holds it is left out."""

_NAMES = ("FunctionName", "Name", "TableName", "ClusterName", "QueueName", "TopicName", "RepositoryName")
_INSERTED = re.compile(r"\$\{([^}!]+)\}")

_ARNS: Mapping[str, str] = {
    "AWS::CodeBuild::Project": "codebuild:{region}:{account}:project/{name}",
    "AWS::DynamoDB::Table": "dynamodb:{region}:{account}:table/{name}",
    "AWS::ECR::Repository": "ecr:{region}:{account}:repository/{name}",
    "AWS::ECS::Cluster": "ecs:{region}:{account}:cluster/{name}",
    "AWS::IAM::Role": "iam::{account}:role/{name}",
    "AWS::SQS::Queue": "sqs:{region}:{account}:{name}",
}
"""The ARNs that policies name; those of other types are of no service in particular."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """A template with a stack's name, region and account, and the parameters that are not left at their defaults."""

    template: Mapping[str, Any]
    name: str
    region: str = "eu-central-1"
    account: str = "123456789012"
    parameters: Mapping[str, str] = field(default_factory=dict)

    def value(self, node: Any) -> Any:
        """What a part of the template becomes; KeyError for a function or a name that is not known."""
        if isinstance(node, Mapping):
            return self._function(node) if _is_function(node) else self._members(node)
        if isinstance(node, Sequence) and not isinstance(node, str):
            return [value for each in node if (value := self.value(each)) is not NOTHING]
        return node

    def holds(self, condition: str) -> bool:
        """Whether a condition of the template is true for this stack."""
        return bool(self.value(self.template["Conditions"][condition]))

    def resources(self, kind: str) -> dict[str, dict[str, Any]]:
        """The properties of all resources of a type that this stack will have, by logical id."""
        return {
            name: self.value(each.get("Properties", {}))
            for name, each in self.template["Resources"].items()
            if each["Type"] == kind and ("Condition" not in each or self.holds(each["Condition"]))
        }

    def _members(self, node: Mapping[str, Any]) -> dict[str, Any]:
        return {name: value for name, each in node.items() if (value := self.value(each)) is not NOTHING}

    def _function(self, node: Mapping[str, Any]) -> Any:
        ((name, argument),) = node.items()
        return _FUNCTIONS[name](self, argument)

    def reference(self, name: str) -> Any:
        """What `Ref` says: a pseudo parameter, a parameter, or a resource's name."""
        if name in self.template.get("Parameters", {}):
            return self.parameters.get(name, self.template["Parameters"][name].get("Default", ""))
        pseudo = {
            "AWS::NoValue": NOTHING,
            "AWS::StackName": self.name,
            "AWS::Region": self.region,
            "AWS::AccountId": self.account,
            "AWS::Partition": "aws",
            "AWS::URLSuffix": "amazonaws.com",
        }
        return pseudo[name] if name in pseudo else self._resource_name(name)

    def attribute(self, name: str, attribute: str) -> str:
        """An attribute of a resource."""
        resource = self._resource_name(name)
        if attribute != "Arn":
            return f"{resource}.{attribute}"
        form = _ARNS.get(self.template["Resources"][name]["Type"], "any:{region}:{account}:{name}")
        return "arn:aws:" + form.format(region=self.region, account=self.account, name=resource)

    def _resource_name(self, name: str) -> str:
        resource = self.template["Resources"][name]
        if "Condition" in resource and not self.holds(resource["Condition"]):
            raise KeyError(name)
        properties = resource.get("Properties", {})
        given = next((properties[each] for each in _NAMES if each in properties), None)
        return f"{self.name}-{name}" if given is None else str(self.value(given))

    def filled(self, argument: Any) -> str:
        """What `Fn::Sub` says: a text, or a text and names for it."""
        text, more = (argument, {}) if isinstance(argument, str) else argument

        def inserted(found: re.Match[str]) -> str:
            name, _, attribute = found[1].partition(".")
            if name in more:
                return str(self.value(more[name]))
            return self.attribute(name, attribute) if attribute else str(self.reference(name))

        return _INSERTED.sub(inserted, text).replace("${!", "${")


def _is_function(node: Mapping[str, Any]) -> bool:
    return len(node) == 1 and (next(iter(node)) == "Ref" or next(iter(node)).startswith("Fn::"))


_FUNCTIONS: dict[str, Callable[[Stack, Any], Any]] = {
    "Ref": lambda stack, name: stack.reference(name),
    "Fn::Sub": lambda stack, argument: stack.filled(argument),
    "Fn::GetAtt": lambda stack, argument: stack.attribute(*argument),
    "Fn::If": lambda stack, argument: stack.value(argument[1 if stack.holds(argument[0]) else 2]),
    "Fn::Equals": lambda stack, argument: stack.value(argument[0]) == stack.value(argument[1]),
    "Fn::Not": lambda stack, argument: not stack.value(argument[0]),
    "Fn::Select": lambda stack, argument: stack.value(argument[1])[int(argument[0])],
    "Fn::Split": lambda stack, argument: stack.value(argument[1]).split(argument[0]),
}
