"""What DynamoTable promises beyond the contract: lost replies, crowds, throttling, silence, the store's clock.

Requests are answered by moto in this process; a test puts its own answers before moto's, or loses moto's.
"""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse  # type: ignore[import-untyped]  # botocore ships no types
from botocore.exceptions import ReadTimeoutError  # type: ignore[import-untyped]  # botocore ships no types
from moto import mock_aws
from moto.core.models import botocore_stubber

from chalicelib.adapters.dynamo_table import DynamoTable
from chalicelib.domain.errors import CounterFull, StoreUnavailable, WriteConflict
from chalicelib.storage.own_write import write_once
from chalicelib.storage.table import Add, Change, Item, Put

NOWHERE = "http://127.0.0.1:1/"
TWO: list[Change] = [Put(item=Item(key="a", op_id="mine"), expected=0), Add(key="n", amount=1, cap=5)]


class Wire:
    """What lies between the client and moto: each answer in the list is given to one request, then moto answers."""

    def __init__(self) -> None:
        self.answers: list[Callable[..., Any]] = []
        self.requests: list[dict[str, Any]] = []

    def __call__(self, event_name: str, request: Any, **_: Any) -> Any:
        """Botocore's hook before a request is sent."""
        self.requests.append(json.loads(request.body))
        return self.answers.pop(0)(event_name, request) if self.answers else None


def lost(event_name: str, request: Any) -> Any:
    """Let moto carry the request out, and lose its reply."""
    botocore_stubber(event_name, request)
    raise ReadTimeoutError(endpoint_url=request.url)


def silent(_: str, request: Any) -> Any:
    """Lose the request itself."""
    raise ReadTimeoutError(endpoint_url=request.url)


class _Body(io.BytesIO):
    def stream(self, **_: Any) -> Iterator[bytes]:
        """The body in one piece, as urllib3 gives it."""
        yield self.read()


def refused(code: str, *reasons: str, status: int = 400) -> Callable[..., Any]:
    """An error of DynamoDB, with a transaction's reasons."""
    document: dict[str, Any] = {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": "no"}
    if reasons:
        document["CancellationReasons"] = [{"Code": reason} for reason in reasons]
    body = json.dumps(document).encode()
    headers = {"date": "Mon, 23 Nov 2026 10:00:00 GMT"}

    def answer(_: str, request: Any) -> Any:
        # every hook is called whatever the first one says: this keeps moto from carrying the request out
        request.url = NOWHERE
        return AWSResponse(NOWHERE, status, headers, _Body(body))

    return answer


@pytest.fixture(scope="module")
def shared() -> Iterator[tuple[DynamoTable, Wire, list[float]]]:
    """A table on moto, the wire before it, and the pauses it made."""
    wire, pauses = Wire(), list[float]()
    with mock_aws(), pytest.MonkeyPatch.context() as patch:
        patch.delenv("AWS_ENDPOINT_URL_DYNAMODB", raising=False)
        # botocore's own pauses between its tries
        patch.setattr("botocore.endpoint.time", SimpleNamespace(time=time.monotonic, sleep=pauses.append))
        made = DynamoTable("ccc-unit", region="eu-central-1", pause=pauses.append)
        made._connection.shared().client.meta.events.register_first("before-send.dynamodb", wire)
        yield made, wire, pauses


@pytest.fixture
def wire(shared: tuple[DynamoTable, Wire, list[float]]) -> Wire:
    """The wire, with nothing on it."""
    shared[1].answers.clear()
    return shared[1]


@pytest.fixture
def pauses(shared: tuple[DynamoTable, Wire, list[float]]) -> list[float]:
    """The pauses of this test."""
    shared[2].clear()
    return shared[2]


@pytest.fixture
def table(shared: tuple[DynamoTable, Wire, list[float]], wire: Wire) -> DynamoTable:
    """The table, emptied."""
    table = shared[0]
    if table._rows.exists():
        table._rows.delete_table()
    table.create()
    wire.requests.clear()
    return table


def test_an_add_whose_reply_was_lost_counts_once(table: DynamoTable, wire: Wire) -> None:
    """The library asks again, the counter knows the name of the last add, and the value is what it was then."""
    table.add(Add(key="n", amount=1))
    wire.answers = [lost]
    assert table.add(Add(key="n", amount=2)) == 3
    assert table.counts(["n"]) == {"n": 3}


def test_an_add_that_fills_the_counter_is_not_refused_for_its_own_sake(table: DynamoTable, wire: Wire) -> None:
    """The repeated add finds the counter full by its own hand: that is its success."""
    wire.answers = [lost]
    assert table.add(Add(key="n", amount=5, cap=5)) == 5
    with pytest.raises(CounterFull):
        table.add(Add(key="n", amount=1, cap=5))


def test_a_put_whose_reply_was_lost_is_recognised(table: DynamoTable, wire: Wire) -> None:
    """The repeated put conflicts with itself; read again, it is a success (rule R5)."""
    wire.answers = [lost]
    write_once(table, Put(item=Item(key="a", op_id="mine"), expected=0))
    assert table.get("a") == Item(key="a", op_id="mine", version=1)


def test_a_transaction_is_repeated_under_the_same_token(table: DynamoTable, wire: Wire) -> None:
    """DynamoDB recognises the repetition of a transaction by its token, which stays the same over all tries."""
    wire.answers = [silent, refused("TransactionCanceledException", "TransactionConflict", "None")]
    table.write(TWO)
    tokens = [request["ClientRequestToken"] for request in wire.requests if "TransactItems" in request]
    assert len(tokens) == 3
    assert len(set(tokens)) == 1


def test_a_crowded_item_is_tried_again_a_little_later(table: DynamoTable, wire: Wire, pauses: list[float]) -> None:
    """Another transaction had the counter in hand: the same write passes after short, growing pauses."""
    wire.answers = [refused("TransactionCanceledException", "None", "TransactionConflict")] * 2
    table.write(TWO)
    assert table.counts(["n"]) == {"n": 1}
    assert len(pauses) == 2
    assert all(0.01 <= pause <= 0.06 for pause in pauses)


def test_a_single_write_waits_for_a_crowd_too(table: DynamoTable, wire: Wire) -> None:
    """A put without a transaction can meet one."""
    wire.answers = [refused("TransactionConflictException")]
    table.write([Put(item=Item(key="a"), expected=0)])
    assert table.get("a") == Item(key="a", version=1)


def test_an_item_that_stays_crowded_is_given_up(table: DynamoTable, wire: Wire, pauses: list[float]) -> None:
    """After six tries within about a second the store counts as unavailable, and nothing was written."""
    wire.answers = [refused("TransactionCanceledException", "None", "TransactionConflict")] * 6
    with pytest.raises(StoreUnavailable):
        table.write(TWO)
    assert (table.get("a"), len(pauses)) == (None, 5)


def test_a_cancelled_transaction_names_what_failed(table: DynamoTable, wire: Wire) -> None:
    """The reasons come in the order of the operations, puts first; a conflict goes before a full counter."""
    wire.answers = [refused("TransactionCanceledException", "None", "ConditionalCheckFailed")]
    with pytest.raises(CounterFull) as full:
        table.write(list(reversed(TWO)))
    wire.answers = [refused("TransactionCanceledException", "ConditionalCheckFailed", "ConditionalCheckFailed")]
    with pytest.raises(WriteConflict) as conflict:
        table.write(list(reversed(TWO)))
    assert (full.value.data["key"], conflict.value.data["key"]) == ("n", "a")


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("ProvisionedThroughputExceededException", 400),
        ("ThrottlingException", 400),
        ("InternalServerError", 500),
        ("AccessDeniedException", 400),
        ("ResourceNotFoundException", 400),
    ],
)
@pytest.mark.parametrize(
    "call",
    [
        lambda table: table.get("a"),
        lambda table: table.get_many(["a"]),
        lambda table: table.write([Put(item=Item(key="a"), expected=0)]),
        lambda table: table.write(TWO),
        lambda table: table.put(Item(key="a")),
        lambda table: table.add(Add(key="n", amount=1)),
        lambda table: table.delete("a"),
        lambda table: table.delay("a", 1),
        lambda table: table.due("work", 1, 1),
        lambda table: table.listed("live", None, 1),
        lambda table: table.owned("me"),
    ],
    ids=["get", "get_many", "put_if", "transaction", "put", "add", "delete", "delay", "due", "listed", "owned"],
)
def test_whatever_the_store_cannot_do_is_unavailable(
    table: DynamoTable, wire: Wire, call: Callable[[DynamoTable], Any], code: str, status: int
) -> None:
    """Throttling, breakdowns and missing rights come out of every call as StoreUnavailable and nothing else."""
    wire.answers = [refused(code, status=status)] * 3
    with pytest.raises(StoreUnavailable):
        call(table)


def test_a_store_that_does_not_answer_is_given_up(table: DynamoTable, wire: Wire) -> None:
    """After three tries in silence: StoreUnavailable."""
    wire.answers = [silent] * 3
    with pytest.raises(StoreUnavailable):
        table.get("a")
    assert len(wire.requests) == 3


def test_waits_are_bounded(table: DynamoTable) -> None:
    """Timeouts and tries stand in the client's own configuration: at most some twelve seconds for a request."""
    config = table._connection.shared().client.meta.config
    assert (config.connect_timeout, config.read_timeout) == (1.0, 3.0)
    assert config.retries["total_max_attempts"] == 3


def test_the_store_time_is_the_date_of_its_last_answer(table: DynamoTable, wire: Wire) -> None:
    """Also of an answer that was an error."""
    wire.answers = [refused("AccessDeniedException")]
    with pytest.raises(StoreUnavailable):
        table.get("a")
    assert table.time() == datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


def test_there_is_no_store_time_before_the_first_answer() -> None:
    """A table that was never asked knows nothing."""
    assert DynamoTable("ccc-unit", region="eu-central-1").time() is None


def test_reads_by_key_are_consistent(table: DynamoTable, wire: Wire) -> None:
    """Items and counters are read from the leading copy, whatever it costs."""
    table.get("a")
    table.get_many(["a"])
    table.counts(["n"])
    one, *many = wire.requests
    assert one["ConsistentRead"] is True
    assert [request["RequestItems"]["ccc-unit"]["ConsistentRead"] for request in many] == [True, True]


def test_a_body_is_a_native_map(table: DynamoTable, wire: Wire) -> None:
    """What goes over the wire are DynamoDB's own types, which the console shows as fields."""
    table.write([Put(item=Item(key="a", body={"s": "x", "e": "", "n": 1, "l": [True, None]}), expected=0)])
    assert wire.requests[0]["Item"]["body"] == {
        "M": {
            "s": {"S": "x"},
            "e": {"SS": ["(empty)"]},
            "n": {"N": "1"},
            "l": {"L": [{"BOOL": True}, {"NULL": True}]},
        }
    }


@pytest.mark.parametrize("value", [1.5, b"x", {1}])
def test_what_is_no_document_is_refused(table: DynamoTable, value: object) -> None:
    """A float would come back as something else, so it is a mistake in the program."""
    with pytest.raises(TypeError):
        table.put(Item(key="a", body={"x": value}))


def test_the_table_is_made_as_it_is_deployed(table: DynamoTable) -> None:
    """Keys, indexes, projections, billing and TTL are those that the deployment's template must have."""
    made = table._rows.describe_table()
    indexes = {
        index["IndexName"]: (
            [key["AttributeName"] for key in index["KeySchema"]],
            index["Projection"]["ProjectionType"],
        )
        for index in made["GlobalSecondaryIndexes"]
    }
    assert [key["AttributeName"] for key in made["KeySchema"]] == ["key"]
    assert indexes == {
        "due": (["due_queue", "due_at"], "KEYS_ONLY"),
        "owner": (["owner"], "KEYS_ONLY"),
        "listing": (["listing", "listed_by"], "ALL"),
    }
    assert made["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    client = table._connection.shared().client
    ttl = client._make_api_call("DescribeTimeToLive", {"TableName": "ccc-unit"})
    assert ttl["TimeToLiveDescription"] == {"AttributeName": "purge_at", "TimeToLiveStatus": "ENABLED"}


def test_making_a_table_that_is_there_changes_nothing(table: DynamoTable) -> None:
    """`create` may be called at every start."""
    table.put(Item(key="a"))
    table.create()
    assert table.get("a") == Item(key="a", version=1)
