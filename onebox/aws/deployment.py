"""What a deployment does once: the secrets and the public URL as parameters, the table, the stack's item and marker.

Every step looks first whether it is done, so that any start may take them all again. The table is made of the packaged
template's own definition, as far as DynamoDB Local takes it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import botocore.session  # type: ignore[import-untyped]  # botocore ships no types
from botocore.exceptions import ClientError  # type: ignore[import-untyped]  # same

from onebox.aws.functions import Function
from onebox.aws.invoke import Invoker
from onebox.aws.template import REGION, Template
from onebox.home import Home

TABLE = "AWS::DynamoDB::Table"
FOUND = {"found_stack": True}
_LOCAL_TAKES = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode")


class NotDeployed(Exception):
    """A step failed; the message says which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """`path` is below which the parameters lie (None: somebody keeps them elsewhere); `founder` founds the stack."""

    home: Home
    template: Template
    path: str | None
    public_url: str
    founder: Function

    def carry_out(self) -> None:
        """Take every step that is not done yet. NotDeployed, NotReached, and what botocore raises."""
        if self.path is not None:
            self._parameters(self.path)
        for logical, properties in self.template.of_type(TABLE).items():
            self._table(self.template.name(logical), properties)
        outcome = Invoker(folder=self.home.functions).invoke(self.founder.short, FOUND)
        if outcome.error is not None:
            raise NotDeployed(f"the stack is not founded: {outcome.error.get('errorMessage')}")

    def _parameters(self, path: str) -> None:
        """The keyring's shape without what lies beside it; those that belong to this start are brought up to date."""
        client = _client("ssm")
        kept = _kept(client, path)
        ours = json.loads(self.home.keyring.read_text(encoding="utf-8"))
        wanted = {
            "keyring": ("SecureString", _keyring(kept.get("keyring"), ours)),
            "hetzner_token": ("SecureString", ours["hetzner_token"]),
            "public_url": ("String", self.public_url),
        }
        for name, (kind, value) in wanted.items():
            if kept.get(name) != value:
                client.put_parameter(Name=f"{path}/{name}", Value=value, Type=kind, Overwrite=True)

    def _table(self, name: str, properties: Mapping[str, Any]) -> None:
        client = _client("dynamodb")
        try:
            client.create_table(TableName=name, **{key: properties[key] for key in _LOCAL_TAKES if key in properties})
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceInUseException":
                raise
            return
        if "TimeToLiveSpecification" in properties:
            client.update_time_to_live(TableName=name, TimeToLiveSpecification=properties["TimeToLiveSpecification"])


def _client(service: str) -> Any:
    return botocore.session.Session().create_client(service, region_name=REGION)


def _kept(client: Any, path: str) -> dict[str, str]:
    pages = client.get_paginator("get_parameters_by_path").paginate(Path=path, WithDecryption=True)
    return {one["Name"].removeprefix(f"{path}/"): one["Value"] for page in pages for one in page["Parameters"]}


def _keyring(kept: str | None, ours: Mapping[str, Any]) -> str:
    """The kept keyring with this machine's operator in it, or our own at the first start."""
    if kept is None:
        return json.dumps({name: ours[name] for name in ("secrets", "pepper", "operators")})
    document = json.loads(kept)
    missing = [each for each in ours["operators"] if each not in document["operators"]]
    return json.dumps({**document, "operators": [*document["operators"], *missing]}) if missing else kept
