"""The contract of the port Instances, as it is stored in every table: how one row is written, and by whom.

Its counters, its build's records, its queues and lists, and what is in the table have suites of their own.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.domain.errors import WriteConflict
from chalicelib.domain.instance import Instance
from chalicelib.storage.instances import StoredInstances
from chalicelib.storage.table import Table
from tests.contract.instance_samples import PLAIN, WHOLE


@pytest.mark.parametrize("instance", [PLAIN, WHOLE], ids=["plain", "whole"])
def test_a_row_comes_back_as_it_was_written(instances: StoredInstances, instance: Instance) -> None:
    """What write returns is what get gives: everything that was handed in, with a version and an op_id."""
    written = instances.write(instance, before=None)
    assert instances.get(instance.id) == written
    assert replace(written, version=0, op_id="") == instance
    assert written.version == 1
    assert len(written.op_id) == 32


def test_a_row_that_nobody_wrote_is_none(instances: StoredInstances) -> None:
    """Neither row nor build record exist before they are written."""
    assert instances.get("abc234") is None
    assert instances.get_build("abc234", 1) is None


def test_only_the_first_writer_of_a_version_wins(instances: StoredInstances) -> None:
    """Of two that read the same row, the second gets WriteConflict and changes nothing."""
    seen = instances.write(PLAIN, before=None)
    first = instances.write(replace(seen, lease_id="one"), before=seen)
    with pytest.raises(WriteConflict):
        instances.write(replace(seen, lease_id="two"), before=seen)
    assert instances.get(PLAIN.id) == first
    assert (first.version, first.lease_id) == (2, "one")


def test_a_row_is_created_once(instances: StoredInstances) -> None:
    """A second creation under the same id is a conflict."""
    written = instances.write(PLAIN, before=None)
    with pytest.raises(WriteConflict):
        instances.write(replace(PLAIN, email="else@example.org"), before=None)
    assert instances.get(PLAIN.id) == written


def test_names_of_writes_come_from_the_given_source(table: Table) -> None:
    """A simulation decides the op_ids, so that the same seed gives the same rows."""
    names = iter(["first", "second"])
    instances = StoredInstances(table, op_ids=lambda: next(names))
    seen = instances.write(PLAIN, before=None)
    assert (seen.op_id, instances.write(seen, before=seen).op_id) == ("first", "second")
