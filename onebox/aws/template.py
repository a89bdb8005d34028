"""The packaged template with its references resolved, as CloudFormation would for a stack of this name.

Knows the few functions that our template uses; another one is an error, never a guess. Names that CloudFormation makes
up (with a random end) are `<stack>-<logical id>` here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

REGION = "eu-central-1"
ACCOUNT = "000000000000"

_NAME_OF = {
    "AWS::Serverless::Function": "FunctionName",
    "AWS::Lambda::Function": "FunctionName",
    "AWS::DynamoDB::Table": "TableName",
    "AWS::CodeBuild::Project": "Name",
    "AWS::ECS::Cluster": "ClusterName",
    "AWS::ECS::TaskDefinition": "Family",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::SNS::Topic": "TopicName",
    "AWS::SES::ConfigurationSet": "Name",
    "AWS::SQS::Queue": "QueueName",
    "AWS::IAM::Role": "RoleName",
    "AWS::ECR::Repository": "RepositoryName",
}
_ARN_OF = {
    "AWS::Serverless::Function": "lambda:{region}:{account}:function:{name}",
    "AWS::DynamoDB::Table": "dynamodb:{region}:{account}:table/{name}",
    "AWS::CodeBuild::Project": "codebuild:{region}:{account}:project/{name}",
    "AWS::ECS::Cluster": "ecs:{region}:{account}:cluster/{name}",
    "AWS::ECS::TaskDefinition": "ecs:{region}:{account}:task-definition/{name}:1",
    "AWS::Logs::LogGroup": "logs:{region}:{account}:log-group:{name}:*",
    "AWS::SNS::Topic": "sns:{region}:{account}:{name}",
    "AWS::SQS::Queue": "sqs:{region}:{account}:{name}",
    "AWS::IAM::Role": "iam::{account}:role/{name}",
}
_REF_IS_ARN = frozenset({"AWS::SNS::Topic", "AWS::ECS::TaskDefinition"})
_PLACE = re.compile(r"\$\{(!?)([^}]+)\}")


class TemplateInvalid(Exception):
    """The template holds something that cannot be resolved here; the message names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """`document` as it was packaged; `stack` is the stack's name; `given` are values for its parameters."""

    document: Mapping[str, Any]
    stack: str
    given: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path, stage: str) -> Template:
        """The template in a file, for the stack of a stage; TemplateInvalid when it is none."""
        document = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(document, dict) or not isinstance(document.get("Resources"), dict):
            raise TemplateInvalid(f"{path.name} is not a template")
        return cls(document=document, stack=f"ccc-{stage}")

    def of_type(self, kind: str) -> dict[str, dict[str, Any]]:
        """The properties, resolved, of all resources of a type that their conditions let be, by logical id."""
        return {
            name: self.properties(name)
            for name, each in self.document["Resources"].items()
            if each["Type"] == kind and self._is_made(each)
        }

    def properties(self, logical: str) -> dict[str, Any]:
        """The properties of one resource; KeyError when there is none."""
        resolved: dict[str, Any] = self.resolve(self.document["Resources"][logical].get("Properties", {}))
        return resolved

    def name(self, logical: str) -> str:
        """The physical name of a resource; KeyError when there is none."""
        resource = self.document["Resources"][logical]
        own = _NAME_OF.get(resource["Type"])
        named = resource.get("Properties", {}).get(own) if own else None
        return f"{self.stack}-{logical}" if named is None else str(self.resolve(named))

    def arn(self, logical: str) -> str:
        """The ARN of a resource; TemplateInvalid for a type whose ARNs nobody here needed so far."""
        kind = self.document["Resources"][logical]["Type"]
        if kind not in _ARN_OF:
            raise TemplateInvalid(f"the ARN of {logical} ({kind}) is not known here")
        return "arn:aws:" + _ARN_OF[kind].format(region=REGION, account=ACCOUNT, name=self.name(logical))

    def resolve(self, value: Any) -> Any:
        """A value without any reference in it; parts that are `AWS::NoValue` are left away."""
        if isinstance(value, list):
            return [found for each in value if (found := self.resolve(each)) is not _NOTHING]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            (name, argument) = next(iter(value.items()))
            if name in _FUNCTIONS:
                return _FUNCTIONS[name](self, argument)
            if name.startswith("Fn::"):
                raise TemplateInvalid(f"{name} is not known here")
        return {key: found for key, each in value.items() if (found := self.resolve(each)) is not _NOTHING}

    def is_true(self, condition: str) -> bool:
        """The value of a named condition; TemplateInvalid when there is none."""
        try:
            return bool(self.resolve(self.document["Conditions"][condition]))
        except KeyError as error:
            raise TemplateInvalid(f"there is no condition {condition}") from error

    def _is_made(self, resource: Mapping[str, Any]) -> bool:
        return "Condition" not in resource or self.is_true(resource["Condition"])

    def _ref(self, name: str) -> Any:
        if name in _PSEUDO:
            return _PSEUDO[name](self)
        if name in self.document.get("Parameters", {}):
            return self._parameter(name)
        if name not in self.document["Resources"]:
            raise TemplateInvalid(f"{name} is neither a resource nor a parameter")
        is_arn = self.document["Resources"][name]["Type"] in _REF_IS_ARN
        return self.arn(name) if is_arn else self.name(name)

    def _parameter(self, name: str) -> Any:
        declared = self.document["Parameters"][name]
        value = self.given.get(name, declared.get("Default"))
        if value is None:
            raise TemplateInvalid(f"the parameter {name} has no value")
        return [one for one in str(value).split(",") if one] if _is_list(declared["Type"]) else str(value)

    def _get_att(self, argument: Any) -> Any:
        logical, attribute = argument.split(".", 1) if isinstance(argument, str) else argument
        if logical not in self.document["Resources"]:
            raise TemplateInvalid(f"there is no resource {logical}")
        match attribute:
            case "Arn" | "TopicArn":
                return self.arn(logical)
            case "RepositoryUri":
                return f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{self.name(logical)}"
            case _ if attribute.endswith("Name"):
                return self.name(logical)
            case _:
                raise TemplateInvalid(f"{attribute} of {logical} is not known here")

    def _sub(self, argument: Any) -> str:
        text, more = (argument, {}) if isinstance(argument, str) else (argument[0], self.resolve(argument[1]))

        def value(match: re.Match[str]) -> str:
            literal, name = match[1], match[2]
            if literal:
                return f"${{{name}}}"
            if name in more:
                return str(more[name])
            return str(self._get_att(name) if "." in name else self._ref(name))

        return _PLACE.sub(value, text)

    def _if(self, argument: Any) -> Any:
        condition, so, otherwise = argument
        return self.resolve(so if self.is_true(condition) else otherwise)

    def _equals(self, argument: Any) -> bool:
        first, second = (self.resolve(one) for one in argument)
        return str(first) == str(second)

    def _join(self, argument: Any) -> str:
        between, parts = argument
        return str(between).join(str(one) for one in self.resolve(parts))

    def _find_in_map(self, argument: Any) -> Any:
        first, second, third = (self.resolve(one) for one in argument)
        return self.document["Mappings"][first][second][third]


_NOTHING = object()
_PSEUDO: dict[str, Callable[[Template], Any]] = {
    "AWS::StackName": lambda template: template.stack,
    "AWS::StackId": lambda template: f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{template.stack}/0",
    "AWS::Region": lambda _template: REGION,
    "AWS::AccountId": lambda _template: ACCOUNT,
    "AWS::Partition": lambda _template: "aws",
    "AWS::URLSuffix": lambda _template: "amazonaws.com",
    "AWS::NoValue": lambda _template: _NOTHING,
}
_FUNCTIONS: dict[str, Callable[[Template, Any], Any]] = {
    "Ref": Template._ref,  # noqa: SLF001 -- the table of this class's own functions
    "Condition": Template.is_true,
    "Fn::GetAtt": Template._get_att,  # noqa: SLF001 -- same
    "Fn::Sub": Template._sub,  # noqa: SLF001 -- same
    "Fn::If": Template._if,  # noqa: SLF001 -- same
    "Fn::Equals": Template._equals,  # noqa: SLF001 -- same
    "Fn::Join": Template._join,  # noqa: SLF001 -- same
    "Fn::FindInMap": Template._find_in_map,  # noqa: SLF001 -- same
    "Fn::Not": lambda template, argument: not template.resolve(argument[0]),
    "Fn::And": lambda template, argument: all(template.resolve(one) for one in argument),
    "Fn::Or": lambda template, argument: any(template.resolve(one) for one in argument),
    "Fn::Select": lambda template, argument: template.resolve(argument[1])[int(template.resolve(argument[0]))],
    "Fn::Split": lambda template, argument: str(template.resolve(argument[1])).split(argument[0]),
}


def _is_list(kind: str) -> bool:
    return kind == "CommaDelimitedList" or kind.startswith("List<")
