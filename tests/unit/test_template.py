"""What is deployed: the table is the one the store expects, the gateway speaks as the service does."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from chalicelib.adapters.dynamo_table import model
from chalicelib.api.reply import phrase
from chalicelib.config import settings

CHALICE = Path(".chalice")
FUNCTIONS = ("APIHandler", "Advance", "Tick", "Reap", "MailFeedback")


def read(name: str) -> dict[str, Any]:
    """One of Chalice's files."""
    found: dict[str, Any] = json.loads((CHALICE / name).read_text(encoding="utf-8"))
    return found


@pytest.fixture
def resources() -> dict[str, Any]:
    """What is merged into Chalice's own template."""
    found: dict[str, Any] = read("resources.json")["Resources"]
    return found


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
    """What Chalice puts into the environment while it reads the app is sound; the template has the last word."""
    config = read("config.json")
    variables = {**config["environment_variables"], **config["stages"][stage]["environment_variables"]}
    assert settings(variables).store.host == f"ccc-{stage}"


def test_a_stage_has_a_plain_name() -> None:
    """The template finds the stage behind the one hyphen in `ccc-<stage>`."""
    assert all(stage.isalnum() and stage.islower() for stage in read("config.json")["stages"])


def test_every_function_has_a_policy_of_its_own() -> None:
    """No policy is made up by Chalice, and no two functions share a file."""
    config = read("config.json")
    assert config["autogen_policy"] is False
    files = [each["iam_policy_file"] for each in config["lambda_functions"].values()]
    assert len(files) == len(set(files)) == len(FUNCTIONS)
    assert {file.name for file in CHALICE.glob("policy-*.json")} == set(files)
