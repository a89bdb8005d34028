"""A table on AWS's DynamoDB Local for as long as a block lasts, through the product's own adapter."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.outcome import PeerMissing
from benchmarks.variables import given
from chalicelib.adapters.dynamo_table import DynamoTable
from onebox import dynamodb_local
from onebox.settings import CHECKOUT

DIRECTORY = CHECKOUT / dynamodb_local.DIRECTORY


def required() -> None:
    """PeerMissing, with what is to be installed, where it cannot be started."""
    if why := dynamodb_local.missing(DIRECTORY):
        raise PeerMissing(why)


@contextmanager
def table() -> Iterator[DynamoTable]:
    """An empty table; PeerMissing."""
    required()
    made_up = {"AWS_ACCESS_KEY_ID": "nobody", "AWS_SECRET_ACCESS_KEY": "nothing"}
    with dynamodb_local.running(DIRECTORY, options=()) as url, given(AWS_ENDPOINT_URL_DYNAMODB=url, **made_up):
        made = DynamoTable("ccc-benchmark", region="eu-central-1")
        made.create()
        yield made
