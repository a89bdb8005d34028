"""The environment that a function of a template would have, with made-up names where only a deployment knows them.

Good enough to import the application with the settings it is deployed with; nothing with such a name can be reached.
Conditions count as true. Only what our templates use of CloudFormation is understood; anything else is an error.
"""

from __future__ import annotations

import re
from typing import Any

from artefact.failure import PackagingFailed

REGION = "eu-central-1"
KNOWN = {"AWS::Region": REGION, "AWS::StackName": "ccc-tried", "AWS::AccountId": "000000000000", "AWS::NoValue": ""}
_HOLE = re.compile(r"\$\{([^}]+)\}")


def made_up(template: dict[str, Any], function: str) -> dict[str, str]:
    """The variables of a function, those of Lambda itself that decide something included."""
    parameters = {name: str(each.get("Default", "")) for name, each in template.get("Parameters", {}).items()}
    declared = template["Resources"][function]["Properties"]["Environment"]["Variables"]
    lambdas = {"AWS_REGION": REGION, "AWS_DEFAULT_REGION": REGION, "AWS_LAMBDA_FUNCTION_NAME": function}
    return lambdas | {name: str(_value(each, KNOWN | parameters)) for name, each in declared.items()}


def _value(found: Any, names: dict[str, str]) -> Any:
    """What an expression of CloudFormation comes to: a text, or for some a list of texts."""
    if not isinstance(found, dict):
        return found
    ((kind, inner),) = found.items()
    match kind:
        case "Ref":
            return names.get(inner, _word(inner))
        case "Fn::GetAtt":
            return _word(inner if isinstance(inner, str) else ".".join(inner))
        case "Fn::Sub":
            return _filled(inner, names)
        case "Fn::If":
            return _value(inner[1], names)
        case "Fn::Select":
            return _value(inner[1], names)[int(inner[0])]
        case "Fn::Split":
            return _value(inner[1], names).split(inner[0])
        case _:
            raise PackagingFailed(f"The template has {kind} in a function's environment, which is not understood here.")


def _filled(inner: Any, names: dict[str, str]) -> str:
    text, given = inner if isinstance(inner, list) else (inner, {})
    known = names | {name: str(_value(each, names)) for name, each in given.items()}
    return _HOLE.sub(lambda hole: known.get(hole[1], _word(hole[1])), text)


def _word(name: str) -> str:
    """A name for a resource or an attribute of one: the last word of it, in small letters."""
    return re.split(r"[.:]+", name)[-1].lower()
