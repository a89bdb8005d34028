"""Rows and records for the suites of `Instances`: as plain as can be, and with every field set."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from chalicelib.domain.build import BuildRecord, Cause
from chalicelib.domain.instance import (
    Build,
    Choice,
    EndReason,
    Extension,
    Failure,
    Hold,
    Instance,
    Machine,
    Status,
    Wish,
)
from chalicelib.domain.notice import Kind, Notice, State

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)

PLAIN = Instance(
    id="abc234",
    status=Status.REQUESTED,
    status_since=NOW,
    created_at=NOW,
    email="zoë@example.org",
    owner="f00d",
    ssh_public_key="ssh-ed25519 AAAA zoë",
    wish=Wish(hours=3),
    by_operator=False,
    request_hash="",
    secret_id="s1",
    due_at=NOW,
)

WHOLE = replace(
    PLAIN,
    status=Status.RUNNING,
    requested_at=NOW,
    due_at=NOW + HOUR,
    lease_id="lease",
    lease_until=NOW + timedelta(seconds=45),
    retry_at=NOW,
    manage_serial=2,
    wish=Wish(hours=3, server_type="cx22", location="fsn1"),
    choice=Choice(server_type="cx22", location="fsn1", hourly=Decimal("0.0074")),
    refused=("cx22@nbg1", "cx22@hel1"),
    machine=Machine(server_id=42, ip="203.0.113.7", ipv6_network=None, created_at=NOW),
    build=Build(attempt=2, started_at=NOW, reference="", stopped=True, running_at=NOW, asked_at=NOW),
    first_claimed_at=NOW,
    host_key="ssh-ed25519 BBBB",
    running_at=NOW,
    expires_at=NOW + 3 * HOUR,
    missing_since=NOW,
    delete_accepted=True,
    end_reason=EndReason.RELEASED,
    failure=Failure(code=Cause.DISK, message="m", hint="h"),
    holds=(Hold(month="202611", micro_eur=7_400), Hold(month="202612", micro_eur=1)),
    notices=(
        Notice(kind=Kind.READY, key="ready", due_at=NOW, state=State.SENT, attempts=1),
        Notice(kind=Kind.ENDING, key="ending-60", due_at=NOW + 2 * HOUR, about=NOW + 3 * HOUR),
    ),
    extensions=(Extension(key="k", hours=1, old_expires_at=NOW, new_expires_at=NOW + HOUR),),
)

RECORD = BuildRecord(instance_id=PLAIN.id, attempt=1, nonce="n", claimed_at=NOW)
