"""What is in the table under an instance's key: plain fields, when they are purged, what another release wrote."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.domain.errors import UnknownSchema
from chalicelib.domain.instance import Status
from chalicelib.domain.lifecycle import Queue
from chalicelib.storage.instances import StoredInstances
from chalicelib.storage.table import Item, Put, Table
from tests.contract.instance_samples import HOUR, NOW, PLAIN, RECORD, WHOLE


def test_a_row_of_another_schema_is_left_alone(instances: StoredInstances, table: Table) -> None:
    """It raises UnknownSchema, can be put off, and does not keep others out of a list."""
    known = instances.write(PLAIN, before=None)
    stored = table.get("instance#abc234")
    assert stored is not None
    table.write([Put(item=replace(stored, key="instance#later2", body={**stored.body, "schema": 2}), expected=0)])
    with pytest.raises(UnknownSchema):
        instances.get("later2")
    instances.delay("later2", NOW + HOUR)
    assert instances.due(Queue.WORK, NOW, 10) == ["abc234"]
    page = instances.page(ended=False, limit=10, cursor=None)
    assert (page.instances, page.unread) == ((known,), 1)
    left = table.get("instance#later2")
    assert left is not None
    assert (left.body["schema"], left.version) == (2, 1)


@pytest.mark.parametrize(
    "change",
    [
        {"status": "haunted"},
        {"created_at": "yesterday"},
        {"created_at": "2026-11-23T10:00:00"},
        {"wish": None},
        {"manage_serial": "two"},
        {"holds": [{"month": "202611"}]},
        {"choice": {"server_type": "a", "location": "b", "hourly": "NaN"}},
    ],
    ids=str,
)
def test_a_row_that_cannot_be_read_is_of_an_unknown_schema(
    instances: StoredInstances, table: Table, change: dict[str, object]
) -> None:
    """An unknown status and every other misfit raises UnknownSchema and nothing else (rule R22)."""
    instances.write(PLAIN, before=None)
    stored = table.get("instance#abc234")
    assert stored is not None
    table.put(replace(stored, body={**stored.body, **change}))
    with pytest.raises(UnknownSchema):
        instances.get("abc234")


def test_a_row_of_a_neighbouring_release_is_read(instances: StoredInstances, table: Table) -> None:
    """A field this release does not know is passed over, a field the row does not have takes its default."""
    written = instances.write(PLAIN, before=None)
    stored = table.get("instance#abc234")
    assert stored is not None
    body = {**stored.body, "colour": "blue"}
    del body["delete_accepted"]
    table.put(replace(stored, body=body))
    assert instances.get("abc234") == replace(written, version=2)


def test_a_living_row_is_never_purged(instances: StoredInstances, table: Table) -> None:
    """`purge_at` is set on a tombstone only, 30 days after the end; a build's record has one from its claim on."""
    living = instances.write(WHOLE, before=None, build=(None, RECORD))
    stored = table.get("instance#abc234")
    assert stored is not None
    assert stored.purge_at is None
    instances.write(replace(living, status=Status.DELETED, ended_at=NOW), before=living)
    tombstone, record = table.get("instance#abc234"), table.get("build#abc234#1")
    assert tombstone is not None
    assert tombstone.purge_at == int((NOW + timedelta(days=30)).timestamp())
    assert record is not None
    assert record.purge_at == int((NOW + timedelta(days=38)).timestamp())


def test_a_reader_of_the_table_sees_fields(instances: StoredInstances, table: Table) -> None:
    """The body is a document with plain values: times in RFC 3339, money as text, nothing packed."""
    instances.write(WHOLE, before=None)
    stored = table.get("instance#abc234")
    assert stored is not None
    assert stored.body["created_at"] == "2026-11-23T10:00:00Z"
    assert stored.body["choice"] == {"server_type": "cx22", "location": "fsn1", "hourly": "0.0074"}
    assert stored.body["notices"][0]["state"] == "sent"
    assert not {"version", "op_id", "due_at"} & set(stored.body)


def test_a_foreign_item_under_an_instance_key_is_not_an_instance(instances: StoredInstances, table: Table) -> None:
    """An item without a schema is of another release too."""
    table.put(Item(key="instance#odd222", body={}))
    with pytest.raises(UnknownSchema):
        instances.get("odd222")
