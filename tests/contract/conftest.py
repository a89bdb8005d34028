"""The tables that the suites of storage run on: a dictionary, SQLite, DynamoDB on moto, DynamoDB Local if it is there.

`table` is an empty table of each kind in turn. moto is used by one thread only (it is wrong under several). DynamoDB
Local is looked for in `DYNAMODB_LOCAL_DIR`, else in `.cache/dynamodb-local`.

And the projects at a provider that the suites of `Servers` run on: the fake's, or one before an emulator (`bench`).
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from moto import mock_aws

from chalicelib.adapters.dynamo_table import DynamoTable
from chalicelib.adapters.sqlite_table import SqliteTable
from chalicelib.operations.ports import Marker
from chalicelib.storage.instances import StoredInstances
from chalicelib.storage.table import Table
from onebox import dynamodb_local
from tests.contract.server_benches import Bench, FakeBench, HetznerBench
from tests.contract.server_orders import public_key
from tests.emulator_process import EmulatorProcess, emulator_process
from tests.fakes.memory_table import MemoryTable
from tests.missing import without

KINDS = ("memory", "sqlite", "moto", "dynamodb-local")
REGION = "eu-central-1"


@pytest.fixture(scope="session")
def dynamodb_local_url() -> Iterator[str]:
    """The endpoint of a DynamoDB Local that is started once; skips where it cannot be had."""
    named = os.environ.get("DYNAMODB_LOCAL_DIR")  # noqa: TID251 -- a switch of the tests, not a setting of the product
    directory = Path(named) if named else dynamodb_local.DIRECTORY
    if why := dynamodb_local.missing(directory):
        without(why)
    with dynamodb_local.running(directory) as url:
        yield url


@contextmanager
def dynamo_settings(endpoint: str | None) -> Iterator[None]:
    """The environment in which botocore finds made-up credentials and the endpoint (None: moto's)."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "nobody")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "nothing")
        patch.delenv("AWS_ENDPOINT_URL", raising=False)
        patch.delenv("AWS_ENDPOINT_URL_DYNAMODB", raising=False)
        if endpoint is not None:
            patch.setenv("AWS_ENDPOINT_URL_DYNAMODB", endpoint)
        yield


@contextmanager
def dynamo_on_moto() -> Iterator[DynamoTable]:
    """A DynamoTable whose requests are answered by moto in this process."""
    with dynamo_settings(None), mock_aws():
        yield DynamoTable("ccc-contract", region=REGION)


@contextmanager
def dynamo_on(url: str) -> Iterator[DynamoTable]:
    """A DynamoTable at an endpoint."""
    with dynamo_settings(url):
        yield DynamoTable("ccc-contract", region=REGION)


def emptied(table: DynamoTable) -> DynamoTable:
    """The same table without an item; a client is costly to make, a table is not."""
    if table._rows.exists():
        table._rows.delete_table()
    table.create()
    return table


@pytest.fixture(scope="module", params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """One kind of table after the other."""
    return str(request.param)


@pytest.fixture(scope="module")
def dynamo(kind: str, request: pytest.FixtureRequest) -> Iterator[DynamoTable | None]:
    """The DynamoTable that the tests of a module share, where the kind is one."""
    if kind == "moto":
        with dynamo_on_moto() as table:
            yield table
    elif kind == "dynamodb-local":
        with dynamo_on(request.getfixturevalue("dynamodb_local_url")) as table:
            yield table
    else:
        yield None


@pytest.fixture
def table(kind: str, dynamo: DynamoTable | None, tmp_path: Path) -> Iterator[Table]:
    """An empty table."""
    if dynamo is not None:
        yield emptied(dynamo)
    elif kind == "memory":
        yield MemoryTable()
    else:
        sqlite = SqliteTable(tmp_path / "table.db")
        yield sqlite
        sqlite.close()


@pytest.fixture
def instances(table: Table) -> StoredInstances:
    """Instances in an empty table."""
    return StoredInstances(table)


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatorProcess]:
    """One emulator for the module, with no latency and no SSH."""
    with emulator_process(tmp_path_factory.mktemp("emulator"), "--ssh", "off", "--latency", "0") as process:
        yield process


@pytest.fixture(params=["fake", "hetzner"])
def bench(request: pytest.FixtureRequest) -> Bench:
    """An empty project at either."""
    if request.param == "fake":
        return FakeBench()
    return HetznerBench(request.getfixturevalue("emulator"))


@pytest.fixture
def stack() -> str:
    """A stack's uuid."""
    return str(uuid.uuid4())


@pytest.fixture
def marker(bench: Bench, stack: str) -> Marker:
    """The stack's marker, planted with epoch 1."""
    return bench.servers.plant_marker(stack, 1, public_key())
