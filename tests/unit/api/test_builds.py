"""The builder's routes: lines 116 to 127 of the list of bad inputs."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chalicelib.domain.build import LOG_TAIL_CHARS, STEP_CHARS
from chalicelib.domain.instance import Build, Instance, Status
from chalicelib.domain.tokens import Purpose
from chalicelib.operations import secrets_of
from tests.fakes.clock import START
from tests.unit.api.world import ID, Answer, Api

NONCE = "0123456789abcdef0123456789abcdef"


def installing(api: Api, **changes: Any) -> Instance:
    """An instance that waits for its builder."""
    values = {"status": Status.INSTALLING, "running_at": None, "expires_at": None, **changes}
    return api.put(**values)


def claim(api: Api, row: Instance, *, nonce: object = NONCE, attempt: int = 1, code: str | None = None) -> Answer:
    """Claim the order with the right code, or with another."""
    code = code or secrets_of.token(api.services, row, Purpose.CLAIM, attempt)
    return api.call("POST", f"/builds/{row.id}/{attempt}/claim", {"nonce": nonce}, token=code)


def report(api: Api, row: Instance, body: object, *, token: str | None = None, attempt: int = 1) -> Answer:
    """Report with the right token, or with another."""
    token = token or secrets_of.token(api.services, row, Purpose.BUILD, attempt)
    return api.call("POST", f"/builds/{row.id}/{attempt}/reports", body, token=token)


def test_a_claim_is_answered_with_the_order(api: Api) -> None:
    """The order holds the address, the keys and the guest's line, and the token to report with."""
    row = installing(api)
    answer = claim(api, row)
    order = answer.json
    assert (answer.status, order["address"], order["attempt"]) == (200, "192.0.2.10", 1)
    assert order["authorized_key"] == row.ssh_public_key
    assert order["build_token"].startswith("ccc_build_")
    assert order["record"]["api_url"] == api.services.public_url


def test_the_same_claim_again_has_the_same_answer(api: Api) -> None:
    """Line 120: a builder whose reply was lost asks again with its nonce and gets the same order."""
    row = installing(api)
    assert claim(api, row).text == claim(api, row).text


def test_another_builder_is_refused(api: Api) -> None:
    """Line 118: the claim code with another nonce is 409."""
    row = installing(api)
    assert claim(api, row).status == 200
    assert (claim(api, row, nonce="f" * 32).status, claim(api, row, nonce="f" * 32).json["code"]) == (409, "superseded")


def test_an_older_attempt_is_refused(api: Api) -> None:
    """Line 119: an attempt that is not the newest may neither claim nor report."""
    row = installing(api, build=Build(attempt=2, started_at=START, reference="b"))
    assert claim(api, row, attempt=1).status == 409


def test_too_early_is_425_with_a_time_to_ask_again(api: Api) -> None:
    """Line 125: before the address is known a claim is 425 with Retry-After."""
    answer = claim(api, installing(api, status=Status.CREATING, machine=None))
    assert (answer.status, answer.headers["retry-after"], answer.json["code"]) == (425, "1", "too_early")


@pytest.mark.parametrize("status", [Status.DELETING, Status.DELETED, Status.FAILED])
def test_after_the_end_it_is_410(api: Api, status: Status) -> None:
    """Line 121: once the instance is ending the builder is told to stop."""
    ended = None if status is Status.DELETING else START
    assert claim(api, installing(api, status=status, ended_at=ended)).status == 410


def test_wrong_tokens_and_ids_are_one_404(api: Api) -> None:
    """Line 117: a wrong code, an unknown id, another attempt's code and a malformed path are the same 404."""
    row = installing(api)
    other = secrets_of.token(api.services, row, Purpose.CLAIM, 2)
    answers = [
        claim(api, row, code="ccc_claim_" + "A" * 43),
        claim(api, row, code=other),
        api.call("POST", "/builds/ffffffffffff/1/claim", {"nonce": NONCE}, token=other),
        *(
            api.call("POST", f"/builds/{ID}/{bad}/claim", {"nonce": NONCE}, token=other)
            for bad in ("0", "01", "x", "-1")
        ),
        report(api, row, {"phase": "ssh"}, token="ccc_build_" + "A" * 43),
    ]
    assert {(answer.status, answer.text) for answer in answers} == {(404, answers[0].text)}


def test_without_a_token_it_is_401(api: Api) -> None:
    """Line 116: neither route opens without a token."""
    installing(api)
    for verb in ("claim", "reports"):
        assert api.call("POST", f"/builds/{ID}/1/{verb}", {}, token=None).status == 401


@pytest.mark.parametrize("nonce", [None, 7, "", "short", "x" * 129, "with spaces in it", "0123456789abcdef\n"])
def test_a_bad_nonce_is_refused(api: Api, nonce: object) -> None:
    """A nonce must be long enough to be one, and a plain word."""
    answer = claim(api, installing(api), nonce=nonce)
    assert (answer.status, set(answer.json["errors"])) == (422, {"nonce"})


def test_phases_are_taken_and_repeated(api: Api) -> None:
    """Line 120: a phase is 200 with an empty object, and so is its repeat, which changes nothing."""
    row = installing(api)
    claim(api, row)
    first, again = (report(api, row, {"phase": "kexec", "log_tail": "x"}) for _ in range(2))
    assert (first.status, first.json, again.status) == (200, {}, 200)
    record = api.services.instances.get_build(ID, 1)
    assert record is not None
    assert len(record.phases) == 1


def test_an_outcome_is_told_once(api: Api) -> None:
    """Line 126: failed after ready, and ready after failed, is 409; the same outcome again is 200."""
    row = installing(api)
    claim(api, row)
    failed = {"outcome": "failed", "cause": "disk", "detail": "sda is gone"}
    assert [report(api, row, body).status for body in (failed, failed, {"outcome": "ready"})] == [200, 200, 409]


@pytest.mark.parametrize(
    "body",
    [
        {"phase": "party"},
        {"outcome": "splendid"},
        {"outcome": "failed"},
        {"outcome": "failed", "cause": "moon"},
        {"outcome": "ready", "cause": "disk"},
        {"phase": "ssh", "cause": "disk"},
        {"phase": "ssh", "outcome": "ready"},
        {},
        {"phase": None, "outcome": "ready"},
        {"phase": ["ssh"]},
        {"phase": "ssh", "detail": 7},
        {"phase": "ssh", "step": 7},
        {"outcome": "ready", "step": "Done!"},
        {"phase": "ssh", "address": "192.0.2.1"},
        {"phase": "ssh", "host_key": "ssh-ed25519 AAAA"},
    ],
)
def test_a_report_outside_the_vocabulary_is_refused(api: Api, body: dict[str, Any]) -> None:
    """Lines 122 and 123: unknown words, contradictions, addresses and host keys are 422, and nothing is recorded."""
    row = installing(api)
    claim(api, row)
    assert report(api, row, body).status == 422
    record = api.services.instances.get_build(ID, 1)
    assert record is not None
    assert (record.phases, record.outcome) == ((), None)


def test_c11_a_report_over_16_kib_is_refused(api: Api) -> None:
    """Line 124: one byte more than 16 KiB is 413 and nothing of it is kept, and 16 KiB are taken (row C11)."""
    row = installing(api)
    claim(api, row)
    frame = len(json.dumps({"phase": "ssh", "log_tail": ""}))
    largest = "x" * (16 * 1024 - frame)
    assert report(api, row, {"phase": "ssh", "log_tail": largest + "x"}).status == 413
    before = api.services.instances.get_build(ID, 1)
    assert before is not None
    assert (before.phases, before.log_tail) == ((), "")
    assert report(api, row, {"phase": "ssh", "log_tail": largest}).status == 200


@pytest.mark.parametrize("body", ['{"phase": "ssh", "phase": "kexec"}', '{"phase": "ssh", "log_tail": "\\ud800"}'])
def test_c11_a_report_that_says_a_thing_twice_is_refused(api: Api, body: str) -> None:
    """Two values for one key, or half a character, are no JSON here, and nothing of it is kept (row C11)."""
    row = installing(api)
    claim(api, row)
    token = secrets_of.token(api.services, row, Purpose.BUILD, 1)
    sent = {"Content-Type": "application/json"}
    answer = api.call("POST", f"/builds/{ID}/1/reports", body.encode(), token=token, headers=sent)
    assert (answer.status, answer.json["code"]) == (400, "malformed")
    record = api.services.instances.get_build(ID, 1)
    assert record is not None
    assert record.phases == ()


def test_a_step_within_a_phase_is_taken(api: Api) -> None:
    """A step of any wording is 200 with an empty object; it is kept without controls, and no longer than a title is."""
    row = installing(api)
    claim(api, row)
    report(api, row, {"phase": "kexec"})
    answer = report(api, row, {"phase": "kexec", "step": "x" * STEP_CHARS + "\x1b[31mUploading install SSH keys"})
    assert (answer.status, answer.json) == (200, {})
    record = api.services.instances.get_build(ID, 1)
    assert record is not None
    assert record.step.endswith("\\x1b[31mUploading install SSH keys")
    assert len(record.step) == STEP_CHARS


def test_a_log_tail_is_stored_escaped(api: Api) -> None:
    """Line 127: NUL, ANSI and direction marks are written out, line ends stay, and the end of a long tail is kept."""
    row = installing(api)
    claim(api, row)
    tail = "x" * LOG_TAIL_CHARS + "\r\n\x00\x1b[31mred\u202e\tend"
    assert report(api, row, {"phase": "ssh", "log_tail": tail}).status == 200
    shown = api.call("GET", f"/instances/{ID}/log").json["log"]
    assert shown.endswith("\n\\x00\\x1b[31mred\\u202e\tend")
    assert len(shown) == LOG_TAIL_CHARS
