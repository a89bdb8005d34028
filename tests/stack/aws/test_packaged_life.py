"""The packaged functions on this machine: the operator's job, the guest's walk, and what only the cloud has."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.stack import test_main_job
from tests.stack.aws.builders import standing_still
from tests.stack.aws.conftest import Aws
from tests.stack.bad_inputs.stranger import Stranger
from tests.stack.box import CHECKOUT, Box
from tests.stack.conftest import GuestKey
from tests.stack.desk import log_in
from tests.stack.guest import Guest, until
from tests.stack.visitor import Visitor

PROBLEM = "application/problem+json"


def test_seed_script(box: Box, guest_key: GuestKey) -> None:
    """The seed script passes as typed on the packaged functions, with the address that has the stage in it."""
    assert box.variables()["CCC_URL"] == f"http://localhost:{box.port}/api"
    test_main_job.test_seed_script(box, guest_key)


def test_guest_walk(box: Box, guest_key: GuestKey, tmp_path: Path) -> None:
    """A guest signs up, confirms by mail, logs in, gets more time, and is told when the time is over."""
    guest = Guest(box=box, address="guest@example.com", public_key=guest_key.public, visitor=Visitor(box=box))
    instance_id, token = guest.run()
    owner = {"Authorization": f"Bearer {token}"}
    seen = guest.visitor.ask("GET", f"/instances/{instance_id}", headers=owner).json
    known_hosts = tmp_path / "known_hosts"
    known_hosts.write_text(seen["host_key"]["known_hosts"] + "\n")
    assert log_in(seen["ssh_command"], guest_key.path, known_hosts, "hostname") == [f"cc-{instance_id}"]
    assert shlex.split(guest.letter("ready").text.splitlines()[0])[-1] == shlex.split(seen["ssh_command"])[-1]

    more = {**owner, "Idempotency-Key": "an-hour"}
    extended = guest.visitor.insist("POST", f"/instances/{instance_id}/extend", {"hours": 1}, more)
    assert extended.status == 200, extended.body
    assert extended.json["expires_at"] > seen["expires_at"]
    box.advance_clock(f"{int(box.show(instance_id)['seconds_left']) + 5}s")
    assert box.until(instance_id, "deleted")["end_reason"] == "expired"
    assert guest.letter("ended").text
    assert box.servers() == []


def test_the_gateway_answers_as_the_template_says(box: Box) -> None:
    """What is not declared never reaches a function: the answer is the template's, in the product's shape."""
    visitor = Visitor(box=box)
    for method, path in (("GET", "/nothing"), ("TRACE", "/types"), ("GET", "/instances/x/nothing")):
        answer = visitor.ask(method, path)
        assert (answer.status, answer.headers["content-type"]) == (404, PROBLEM), answer
        assert answer.json["code"] == "not_found"
        assert answer.json["request_id"] == answer.headers["x-request-id"]
    refused = visitor.ask("PATCH", "/types")
    assert (refused.status, refused.headers["allow"]) == (405, "GET, HEAD, OPTIONS")
    head, whole = visitor.ask("HEAD", "/types"), visitor.ask("GET", "/types")
    assert (head.status, head.body, head.headers["content-type"]) == (200, b"", whole.headers["content-type"])
    page = visitor.ask("GET", "/")
    assert page.status == 200
    assert b"/api/assets/" in page.body


def test_a_person_at_the_root_is_led_to_the_stage(box: Box) -> None:
    """Whoever types the machine's address alone finds the service below its prefix."""
    assert box.header(f"http://localhost:{box.port}/", "Content-Type").startswith("text/html")


def test_nudges_alone_carry_a_life(box: Box, guest_key: GuestKey) -> None:
    """While tick and reaper stand still and no clock moves, an order runs, gets an hour and ends: no nudge is lost."""
    with standing_still(box, "tick", "reap"):
        instance_id = box.provision(guest_key.public)
        box.until(instance_id, "running")
        until(lambda: _told(box, instance_id, "ready"), "nobody was told that it runs")
        hour = {"hours": 1}
        assert box.call("POST", f"/instances/{instance_id}/extend", hour, Idempotency_Key=instance_id)[0] == 200
        box.call("DELETE", f"/instances/{instance_id}")
        box.until(instance_id, "deleted")
        until(lambda: _told(box, instance_id, "gone"), "nobody was told that it is gone")
    assert box.servers() == []


def _told(box: Box, instance_id: str, word: str) -> bool:
    return any(instance_id in subject and word in subject for subject, _ in box.mails())


@pytest.mark.parametrize("do", ["refuse", "lose"])
def test_a_letter_that_ses_did_not_confirm_comes_all_the_same(box: Box, aws: Aws, guest_key: GuestKey, do: str) -> None:
    """SES refuses, or takes the letter and loses its answer: the guest has it in the end, at most twice."""
    aws.order("/ses/faults", operation="SendEmail", do=do, code="TooManyRequestsException", status=429, times=1)
    guest = Guest(box=box, address=f"{do}@example.com", public_key=guest_key.public, visitor=Visitor(box=box))
    assert guest.sign_up().status == 202
    for _ in range(20):
        box.advance_clock("1m")
    assert 1 <= len(guest.letters("confirm")) <= 2


def test_who_cannot_be_reached_is_not_written_to_again(box: Box, aws: Aws, guest_key: GuestKey) -> None:
    """A permanent bounce stops reminders with an alarm, and nobody can sign up with the address again."""
    guest = Guest(box=box, address="gone@example.com", public_key=guest_key.public, visitor=Visitor(box=box))
    instance_id, token = guest.run()
    aws.order("/ses/feedback", kind="bounce", address=guest.address, tags={"ccc-instance": instance_id})
    until(lambda: "mail.undeliverable" in aws.alarms("mail-feedback"), f"no alarm: {aws.log('mail-feedback')}")
    guest.end(instance_id, token)
    again = Guest(box=box, address=guest.address, public_key=guest_key.public, visitor=Visitor(box=box))
    refused = again.sign_up()
    assert (refused.status, list(refused.json["errors"])) == (422, ["email"])
    assert len(guest.letters("confirm")) == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", "a@"),
        ("ssh_public_key", "ssh-ed25519 AAAA"),
        ("hours", 0),
        ("server_type", "nope"),
        ("location", "mars1"),
        ("colour", "red"),
    ],
)
def test_a_bad_field_is_refused_and_nothing_is_written(stranger: Stranger, field: str, value: object) -> None:
    """A sample of the numbered bad inputs, which all pass with `STACK=aws pytest tests/stack/bad_inputs`."""
    stranger.refused(field, value)


def test_a_bad_request_is_refused_and_nothing_is_written(stranger: Stranger) -> None:
    """One of each class: bodies that are none, too large or not called JSON, tokens, ids, a builder that is none."""
    stranger.turned_away(400, "malformed", b"{")
    stranger.turned_away(413, "too_large", b'"' + b"a" * (16 * 1024) + b'"')
    stranger.turned_away(415, "unsupported_media_type", b"{}", {"Content-Type": "text/plain"})
    stranger.ask("GET", "/instances").is_problem(401, "unauthorized")
    stranger.ask("GET", "/instances/0123456789ab", token="x").is_problem(404, "not_found")
    stranger.ask("POST", "/builds/0123456789ab/1/claim", b"{").is_problem(401, "unauthorized")
    stranger.form({}, path="/confirm/0123456789ab/x", Origin="https://evil.example").is_page(403)


def test_every_call_is_allowed(box: Box, aws: Aws) -> None:
    """What the functions asked AWS for in all this is what their policies allow."""
    box.advance_clock("61m")  # the reaper has had its turn
    (template,) = (aws.folder / "artefact").glob("*/sam.json")
    check = [sys.executable, "packaging/check_recorded.py", str(template), str(aws.folder / "recorded.jsonl")]
    done = subprocess.run(check, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
