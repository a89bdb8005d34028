"""What is deployed: the table is the one the store expects, the gateway speaks as the service does."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from chalicelib.adapters.dynamo_table import model
from chalicelib.api.reply import phrase
from chalicelib.config import settings

CHALICE = Path(".chalice")
FUNCTIONS = ("APIHandler", "Advance", "Tick", "Reap")


def read(name: str) -> dict[str, Any]:
    """One of Chalice's files."""
    found: dict[str, Any] = json.loads((CHALICE / name).read_text(encoding="utf-8"))
    return found


@pytest.fixture
def resources() -> dict[str, Any]:
    """What is merged into Chalice's own template."""
    found: dict[str, Any] = read("resources.json")["Resources"]
    return found


@pytest.fixture
def script() -> ModuleType:
    """The script that checks a packaged template."""
    spec = importlib.util.spec_from_file_location("check_template", "packaging/check_template.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def pairs(keys: Iterable[Mapping[str, Any]]) -> set[tuple[str, str]]:
    """A key schema without its order."""
    return {(key["AttributeName"], key["KeyType"]) for key in keys}


def test_the_table_is_the_one_the_store_expects(resources: dict[str, Any]) -> None:
    """Keys, attributes, indexes and projections are those of the adapter's own definition."""
    deployed = resources["Table"]["Properties"]
    wanted = model.row_model("any", None)._get_schema()
    assert pairs(deployed["KeySchema"]) == pairs(wanted["key_schema"])
    types = [
        {each["AttributeName"]: each["AttributeType"] for each in found}
        for found in (deployed["AttributeDefinitions"], wanted["attribute_definitions"])
    ]
    assert types[0] == types[1]
    here = {
        each["IndexName"]: (pairs(each["KeySchema"]), each["Projection"]["ProjectionType"])
        for each in deployed["GlobalSecondaryIndexes"]
    }
    there = {
        each["index_name"]: (pairs(each["key_schema"]), each["projection"]["ProjectionType"])
        for each in wanted["global_secondary_indexes"]
    }
    assert here == there
    assert deployed["TimeToLiveSpecification"] == {"AttributeName": "purge_at", "Enabled": True}


def test_the_table_outlives_mistakes(resources: dict[str, Any]) -> None:
    """The table can be restored to any second, and neither a deployment nor a slip of the hand deletes it."""
    table = resources["Table"]
    assert table["Properties"]["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] is True
    assert table["Properties"]["DeletionProtectionEnabled"] is True
    assert table["DeletionPolicy"] == table["UpdateReplacePolicy"] == "Retain"


def test_the_gateway_speaks_as_the_service_does(resources: dict[str, Any]) -> None:
    """What API Gateway refuses by itself is a problem document with the same members, type and request id."""
    answers = resources["RestAPI"]["Properties"]["GatewayResponses"]
    assert answers["MISSING_AUTHENTICATION_TOKEN"]["StatusCode"] == "404"
    for name, answer in answers.items():
        document = json.loads(answer["ResponseTemplates"]["application/json"])
        assert set(document) == {"type", "title", "status", "detail", "code", "request_id"}, name
        assert document["title"] == phrase(int(answer["StatusCode"]))
        assert str(document["status"]) == answer["StatusCode"]
        assert answer["ResponseParameters"]["Headers"]["Content-Type"] == "'application/problem+json'"
        assert answer["ResponseParameters"]["Headers"]["X-Request-Id"] == "context.requestId"


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_the_settings_of_a_stage_are_complete(stage: str) -> None:
    """Every stage's variables make sound settings."""
    config = read("config.json")
    variables = {**config["environment_variables"], **config["stages"][stage]["environment_variables"]}
    assert settings(variables).store.host == f"ccc-{stage}"


def test_no_policy_is_wider_than_it_must_be() -> None:
    """Every function has its own policy, without a star; the one that faces the world deletes nothing."""
    config = read("config.json")
    assert config["autogen_policy"] is False
    names = {name: each["iam_policy_file"] for name, each in config["lambda_functions"].items()}
    assert len(set(names.values())) == len(names) == len(FUNCTIONS)
    for name, file in names.items():
        statements = read(file)["Statement"]
        actions = {action for statement in statements for action in statement["Action"]}
        assert not [action for action in actions if "*" in action]
        assert not [statement for statement in statements if statement["Resource"] == "*"]
        assert (name == "api_handler") != ("dynamodb:DeleteItem" in actions)


def sound() -> dict[str, Any]:
    """A template that keeps the rules."""
    resources: dict[str, Any] = {
        name: {
            "Type": "AWS::Serverless::Function",
            "Properties": {"Role": {"Ref": f"{name}Role"}, "LoggingConfig": {"LogGroup": {"Ref": f"{name}Log"}}},
        }
        for name in FUNCTIONS
    }
    logs = {f"{name}Log": {"Type": "AWS::Logs::LogGroup", "Properties": {"RetentionInDays": 30}} for name in FUNCTIONS}
    return {"Resources": {**resources, **logs}}


def test_the_script_finds_what_is_wrong(script: ModuleType) -> None:
    """A shared role, a log without an end and a missing function are each found; a sound template passes."""
    assert list(script.own_rules(sound())) == []
    shared, endless, missing = sound(), sound(), sound()
    shared["Resources"]["Tick"]["Properties"]["Role"] = shared["Resources"]["Reap"]["Properties"]["Role"]
    endless["Resources"]["TickLog"]["Properties"] = {}
    del missing["Resources"]["Tick"]
    assert list(script.own_rules(shared)) == ["two functions share a role"]
    assert list(script.own_rules(endless)) == ["Tick has no log group with an end"]
    assert "expected" in next(script.own_rules(missing))
