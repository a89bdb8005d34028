"""Lines 135 to 139: the operator's list, what is at no address, and what everybody may know."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

import pytest

from tests.stack.bad_inputs.owned import order
from tests.stack.bad_inputs.stranger import Said, Stranger


def as_operator(stranger: Stranger, path: str) -> Said:
    """One look with the operator's token."""
    return stranger.ask("GET", path, token=stranger.box.variables()["CCC_TOKEN"])


def cursor(place: object) -> str:
    """A cursor of any place."""
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "path", ["/instances", "/reap/runs", "/reap/runs/x", "/instances?all=1", "/mailbox/messages", "/onebox/state"]
)
@pytest.mark.parametrize("token", [None, "x", "ccc_operator_" + "A" * 43], ids=["none", "word", "wrong"])
def test_line_135_no_operator(stranger: Stranger, path: str, token: str | None) -> None:
    """Without an operator's token the operator's pages are 401, and say how one is sent."""
    said = stranger.ask("GET", path, token=token)
    said.is_problem(401, "unauthorized")
    assert said.challenge == "Bearer"


def test_line_135_an_owner_is_no_operator(stranger: Stranger) -> None:
    """Who manages an instance does not see those of others."""
    made = order(stranger)
    stranger.ask("GET", "/instances", token=made.token).is_problem(401, "unauthorized")
    made.end()


@pytest.mark.parametrize(
    "limit", ["0", "-1", str(10**9), "x", "", "1.5", "1e2", "%D9%A1", " 1".replace(" ", "%20"), "01"]
)
def test_line_136_bad_limit(stranger: Stranger, limit: str) -> None:
    """A limit is a number from 1 to 999."""
    document = as_operator(stranger, f"/instances?limit={limit}").is_problem(422, "invalid_input")
    assert set(document["errors"]) == {"limit"}


@pytest.mark.parametrize(
    "forged",
    [
        "x",
        "",
        "%00",
        cursor([1, "stack#x"]),
        cursor([-1, "instance#x"]),
        cursor([1]),
        cursor({"at": 1}),
        cursor([True, "instance#x"]),
        cursor([2**70, "instance#x"]),
        cursor([1, "instance#" + "x" * 400]),
        cursor(["1", "instance#x"]),
        cursor([1_700_000_000, "instance#0123456789ab"]),
        cursor([1_700_000_000, "instance#0123456789ab"]) + "." + "0" * 32,
        quote("=" * 600),
    ],
    ids=range(14),
)
def test_line_137_forged_cursor(stranger: Stranger, forged: str) -> None:
    """A cursor that this service has not given is 400."""
    as_operator(stranger, f"/instances?cursor={forged}").is_problem(400, "bad_cursor")


def test_line_137_cursor_of_another_stack(stranger: Stranger) -> None:
    """A cursor leads on in the list that gave it, and in no other: each stack seals its own."""
    for made in (order(stranger), order(stranger)):
        made.end()
    given = as_operator(stranger, "/instances?all=1&limit=1").json["next_cursor"]
    assert as_operator(stranger, f"/instances?all=1&limit=1&cursor={given}").status == 200
    place, _, seal = given.rpartition(".")
    foreign = place + "." + ("0" if seal[0] != "0" else "1") + seal[1:]
    as_operator(stranger, f"/instances?all=1&cursor={foreign}").is_problem(400, "bad_cursor")


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "HEAD", "OPTIONS"])
@pytest.mark.parametrize(
    "path", ["/nothing", "/instances/x/y/z", "/.env", "/../etc/passwd", "//", "/%2e%2e", "/instances%2F"]
)
def test_line_138_unknown_path(stranger: Stranger, method: str, path: str) -> None:
    """What is at no address is 404, by every method."""
    said = stranger.ask(method, path)
    assert said.status == 404
    if method != "HEAD":
        said.is_problem(404, "not_found")


@pytest.mark.parametrize("path", ["/health", "/health/ready"])
def test_line_139_health(stranger: Stranger, path: str) -> None:
    """Health needs no token and shows words for what is there: no address, no path, no version, no secret."""
    said = stranger.ask("GET", path)
    assert (said.status, said.json["status"]) == (200, "ok")
    assert set(said.json) <= {"status", "checks"}
    assert all(name.isalpha() and state == "ok" for name, state in said.json.get("checks", {}).items())
    assert "server" not in said.headers
