"""Lines 116 to 127: whoever says to be a builder, and is none, or not the one that is wanted, or talks nonsense."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from chalicelib.domain.build import BuildRecord
from chalicelib.domain.tokens import Purpose
from tests.stack.bad_inputs.owned import Owned, keep_server, let_everything_go, order, order_held
from tests.stack.bad_inputs.stranger import JSON, Said, Stranger

NOBODY = "ffffffffffff"
NONCE = "0123456789abcdef0123456789abcdef"
WITHIN = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Builder:
    """One attempt at an instance, and what a builder of it, or somebody else, may send."""

    owned: Owned
    attempt: int

    @property
    def path(self) -> str:
        """Where it claims and reports."""
        return f"/builds/{self.owned.id}/{self.attempt}"

    @property
    def code(self) -> str:
        """The claim code of this attempt."""
        return self.owned.stranger.inside.token(self.owned.id, Purpose.CLAIM, self.attempt)

    @property
    def token(self) -> str:
        """The token with which this attempt reports."""
        return self.owned.stranger.inside.token(self.owned.id, Purpose.BUILD, self.attempt)

    def record(self) -> BuildRecord | None:
        """What this attempt has said so far."""
        return self.owned.stranger.inside.services.instances.get_build(self.owned.id, self.attempt)

    def claim(self, nonce: object = NONCE, *, code: str | None = None) -> Said:
        """Claim the order, with the right code or another."""
        return self._post("claim", {"nonce": nonce}, code or self.code)

    def report(self, *, token: str | None = None, **said: object) -> Said:
        """Report, with the right token or another."""
        return self._post("reports", said, token or self.token)

    def claimed(self) -> BuildRecord:
        """Wait until the real builder of this attempt has claimed it."""
        end = time.monotonic() + WITHIN
        while (record := self.record()) is None:
            assert time.monotonic() < end, self.owned.stranger.box.show(self.owned.id)
            time.sleep(0.02)
        return record

    def next(self) -> Builder:
        """The attempt after this one, once its builder has claimed it."""
        later = Builder(owned=self.owned, attempt=self.attempt + 1)
        later.claimed()
        return later

    def _post(self, verb: str, body: object, token: str) -> Said:
        headers = {"Content-Type": JSON}
        return self.owned.stranger.ask("POST", f"{self.path}/{verb}", json.dumps(body).encode(), headers, token=token)


def start(stranger: Stranger) -> Builder:
    """The first attempt at a new instance; its real builder waits for a machine that never answers."""
    made = Builder(owned=order_held(stranger), attempt=1)
    made.claimed()
    return made


def kill_builder(builder: Builder) -> None:
    """SIGKILL to the real builder of an attempt, as a machine under pressure does it."""
    box = builder.owned.stranger.box
    if box.stack == "aws":  # its container dies as a whole, and a minute later somebody looks for it
        for pid in (pid for pid, name in box.marked().items() if name.startswith("codebuild/")):
            if f"CCC_INSTANCE_ID={builder.owned.id}".encode() in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"):
                os.kill(pid, signal.SIGKILL)
        box.advance_clock("61s")
        return
    folder = box.home / "builds"
    (told,) = folder.glob(f"*{builder.owned.id}*/process.json")
    os.kill(int(json.loads(told.read_text())["pid"]), signal.SIGKILL)


@pytest.fixture(scope="module")
def held(stranger: Stranger) -> Builder:
    """An attempt that goes on; tests only look at it."""
    return start(stranger)


@pytest.fixture(scope="module")
def other(stranger: Stranger) -> Builder:
    """An attempt at another instance."""
    return start(stranger)


@pytest.fixture
def no_address_yet(stranger: Stranger) -> Iterator[Builder]:
    """An attempt at an instance whose server the provider does not make."""
    stranger.box.fault(
        do="error", status=503, code="unavailable", method="POST", path="^/servers$", server_type="cpx11", times=0
    )
    made = order(stranger, server_type="cpx11")
    stranger.box.until(made.id, "creating")
    yield Builder(owned=made, attempt=1)
    made.end()
    let_everything_go(stranger)


@pytest.mark.parametrize("verb", ["claim", "reports"])
@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer"}, {"Authorization": "Basic eDp5"}], ids=str)
def test_line_116_no_token(stranger: Stranger, held: Builder, verb: str, headers: dict[str, str]) -> None:
    """Without a bearer token neither route does anything, whatever the body is."""
    said = stranger.ask("POST", f"{held.path}/{verb}", b"{", {"Content-Type": JSON, **headers})
    said.is_problem(401, "unauthorized")


def test_line_117_wrong_token(stranger: Stranger, held: Builder, other: Builder) -> None:
    """A wrong token, an unknown id, and a token of another instance, attempt or purpose are the same 404."""
    later = Builder(owned=held.owned, attempt=2)
    nobody = Builder(owned=Owned(stranger=stranger, id=NOBODY, token=""), attempt=1)
    answers = [
        held.claim(code="ccc_claim_" + "A" * 43),
        held.claim(code=other.code),
        held.claim(code=later.code),
        held.claim(code=held.token),
        nobody.claim(code=held.code),
        held.report(phase="ssh", token="ccc_build_" + "A" * 43),
        held.report(phase="ssh", token=other.token),
        held.report(phase="ssh", token=later.token),
        held.report(phase="ssh", token=held.owned.token),
        nobody.report(phase="ssh", token=held.token),
        later.report(phase="ssh"),
        *(
            stranger.ask("POST", f"/builds/{held.owned.id}/{bad}/claim", b"{}", {"Content-Type": JSON}, token=held.code)
            for bad in ("0", "01", "x", "-1", "1000", "%00")
        ),
    ]
    first = {**answers[0].is_problem(404, "not_found"), "request_id": ""}
    assert [each.body for each in answers if {**each.json, "request_id": ""} != first] == []


def test_line_118_another_builder(held: Builder) -> None:
    """A claim code that is used up opens nothing for another builder."""
    said = held.claim()
    assert said.is_problem(409, "superseded")["detail"] == "Another builder has claimed this attempt."
    assert "build_token" not in said.text


def test_line_119_older_attempt(stranger: Stranger) -> None:
    """Once a newer attempt is going on, the builder of an older one may neither claim nor report."""
    old = start(stranger)
    nonce = old.claimed().nonce
    kill_builder(old)
    newer = old.next()
    old.claim(nonce).is_problem(409, "superseded")
    for said in ({"phase": "kexec"}, {"outcome": "ready"}):
        old.report(**said).is_problem(409, "superseded")
    record = newer.claimed()
    assert record.outcome is None


def test_line_120_identical_repeat(held: Builder) -> None:
    """A builder whose answer was lost asks again, and gets the same: its order, and that it was heard."""
    nonce = held.claimed().nonce
    orders = [held.claim(nonce) for _ in range(2)]
    assert (orders[0].status, orders[0].body) == (200, orders[1].body)
    assert orders[0].json["build_token"] == held.token
    reports = [held.report(phase="ssh") for _ in range(2)]
    assert [(said.status, said.json) for said in reports] == [(200, {})] * 2
    assert [str(each.phase) for each in held.claimed().phases] == ["ssh"]


def test_line_121_after_the_end(stranger: Stranger) -> None:
    """Once the instance is ending, and when it is gone, the builder is told to stop (410)."""
    late = start(stranger)
    nonce = late.claimed().nonce
    keep_server(stranger, late.owned)
    assert late.owned.end().status == 202
    for _ in ("deleting", "deleted"):
        late.claim(nonce).is_problem(410, "build_over")
        late.report(phase="kexec").is_problem(410, "build_over")
        late.report(outcome="ready").is_problem(410, "build_over")
        let_everything_go(stranger)
        stranger.box.until(late.owned.id, "deleted")


@pytest.mark.parametrize(
    "said",
    [
        {"phase": "party"},
        {"phase": "SSH"},
        {"phase": ["ssh"]},
        {"outcome": "splendid"},
        {"outcome": "failed"},
        {"outcome": "failed", "cause": "moon"},
        {"outcome": "ready", "cause": "disk"},
        {"phase": "ssh", "outcome": "ready"},
        {"status": "running"},
        {},
    ],
    ids=str,
)
def test_line_122_outside_the_vocabulary(held: Builder, said: dict[str, Any]) -> None:
    """A phase, outcome or cause that is not in the vocabulary, or contradicts another, is refused and not recorded."""
    before = held.record()
    held.report(**said).is_problem(422, "invalid_input")
    assert held.record() == before


@pytest.mark.parametrize("name", ["address", "ip", "host_key", "ssh_host_key", "server_id"])
def test_line_123_address_or_host_key(held: Builder, name: str) -> None:
    """A builder does not say where the machine is or by which key it is known: such fields are unknown."""
    document = held.report(phase="ssh", **{name: "192.0.2.1"}).is_problem(422, "invalid_input")
    assert set(document["errors"]) == {name}


def test_line_124_more_than_16_kib(held: Builder) -> None:
    """A report of more than 16 KiB is too large, and so is such a claim."""
    held.report(phase="ssh", log_tail="x" * 16_384).is_problem(413, "too_large")
    held.claim("x" * 16_384).is_problem(413, "too_large")


def test_line_125_too_early(no_address_yet: Builder) -> None:
    """A claim before the server has an address is 425, with a time to ask again."""
    said = no_address_yet.claim()
    said.is_problem(425, "too_early")
    assert said.headers["retry-after"] == "1"


def test_line_126_two_outcomes(stranger: Stranger) -> None:
    """Ready after failed and failed after ready are 409; the same outcome again is 200."""
    first = start(stranger)
    failed = {"outcome": "failed", "cause": "disk", "detail": "sda is gone"}
    assert [first.report(**failed).status for _ in range(2)] == [200, 200]
    first.report(outcome="ready").is_problem(409, "superseded")
    second = first.next()
    assert [second.report(outcome="ready").status for _ in range(2)] == [200, 200]
    second.report(**failed).is_problem(409, "superseded")


def test_line_127_log_with_controls(stranger: Stranger, other: Builder) -> None:
    """NUL, escape sequences and direction marks in a log are kept written out: no terminal obeys them."""
    tail = "one\r\ntwo \x00\x1b[31mred\u202e\x9b2J\tend"
    assert other.report(phase="ssh", log_tail=tail).status == 200
    shown = stranger.ask("GET", f"{other.owned.path}/log", token=other.owned.token).json["log"]
    assert shown == "one\ntwo \\x00\\x1b[31mred\\u202e\\x9b2J\tend"
