"""The contract of the port Instances: the record of a build, beside its row or alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.domain.build import Cause, Outcome, Phase, PhaseStart
from chalicelib.domain.errors import WriteConflict
from chalicelib.storage.instances import StoredInstances
from tests.contract.instance_samples import NOW, PLAIN, RECORD


def test_a_build_record_is_compared_too(instances: StoredInstances) -> None:
    """A record that somebody else claimed first is a conflict, and the row stays as it was."""
    seen = instances.write(PLAIN, before=None, build=(None, RECORD))
    with pytest.raises(WriteConflict):
        instances.write(replace(seen, lease_id="two"), before=seen, build=(None, replace(RECORD, nonce="other")))
    assert instances.get(PLAIN.id) == seen


def test_a_build_record_grows(instances: StoredInstances) -> None:
    """Phases, permissions and the outcome of an attempt come back; attempts are apart."""
    seen = instances.write(PLAIN, before=None, build=(None, RECORD))
    record = instances.get_build(PLAIN.id, 1)
    assert record is not None
    grown = replace(
        record,
        phases=(PhaseStart(phase=Phase.SSH, started_at=NOW), PhaseStart(phase=Phase.KEXEC, started_at=NOW)),
        permitted=frozenset({Phase.KEXEC, Phase.DISKO}),
        outcome=Outcome.FAILED,
        cause=Cause.DISK,
        detail="no disk",
        reported_at=NOW,
        log_tail="…\n" * 1000,
    )
    instances.write(seen, before=seen, build=(record, grown))
    stored = instances.get_build(PLAIN.id, 1)
    assert stored is not None
    assert replace(stored, version=1, op_id=grown.op_id) == grown
    assert stored.version == 2
    assert instances.get_build(PLAIN.id, 2) is None


def test_a_build_record_is_written_alone(instances: StoredInstances) -> None:
    """What write_build returns is what get_build gives, and the row has not moved."""
    row = instances.write(PLAIN, before=None, build=(None, RECORD))
    record = instances.get_build(PLAIN.id, 1)
    assert record is not None
    written = instances.write_build(replace(record, detail="more"), before=record)
    assert instances.get_build(PLAIN.id, 1) == written
    assert (written.version, written.detail) == (2, "more")
    assert instances.get(PLAIN.id) == row


def test_only_the_first_of_two_reports_is_written(instances: StoredInstances) -> None:
    """The second that read the same record gets WriteConflict, and a record that is not there is not made."""
    instances.write(PLAIN, before=None, build=(None, RECORD))
    record = instances.get_build(PLAIN.id, 1)
    assert record is not None
    first = instances.write_build(replace(record, detail="first"), before=record)
    with pytest.raises(WriteConflict):
        instances.write_build(replace(record, detail="second"), before=record)
    with pytest.raises(WriteConflict):
        instances.write_build(replace(record, attempt=2), before=replace(record, attempt=2))
    assert instances.get_build(PLAIN.id, 1) == first
    assert instances.get_build(PLAIN.id, 2) is None
