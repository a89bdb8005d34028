"""Lines 93 to 115: looking at an instance, giving it more time, ending it: by those who may not, or in a wrong way."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.stack.bad_inputs.owned import Owned, let_everything_go, order, order_held
from tests.stack.bad_inputs.stranger import JSON, Said, Stranger

NOBODY = "ffffffffffff"
WRONG = "ccc_manage_" + "A" * 43
LOOKS = 15
SAME_SECONDS = 0.02
"""Two answers that a caller over a network cannot tell apart by their time."""


def without_request_id(said: Said) -> dict[str, object]:
    """The problem document without what differs from request to request."""
    return {name: value for name, value in said.json.items() if name != "request_id"}


def test_line_93_unknown_id(stranger: Stranger, alive: Owned) -> None:
    """An id that nobody has is 404, whatever token comes with it."""
    for token in (alive.token, WRONG):
        stranger.ask("GET", f"/instances/{NOBODY}", token=token).is_problem(404, "not_found")


def test_line_94_wrong_token(stranger: Stranger, alive: Owned) -> None:
    """A wrong token for an instance that is there gets the answer of one that is not, in the same time."""
    told: dict[str, list[float]] = {alive.id: [], NOBODY: []}
    answers = []
    for _ in range(LOOKS):
        for wanted, seconds in told.items():
            began = time.perf_counter()
            said = stranger.ask("GET", f"/instances/{wanted}", token=WRONG)
            seconds.append(time.perf_counter() - began)
            said.is_problem(404, "not_found")
            answers.append(without_request_id(said))
    assert [each for each in answers if each != answers[0]] == []
    assert abs(min(told[alive.id]) - min(told[NOBODY])) < SAME_SECONDS


@pytest.mark.parametrize("path", ["", "/log", "/extend"])
def test_line_95_no_token(stranger: Stranger, alive: Owned, path: str) -> None:
    """Without a token it is 401, and says how one is sent."""
    said = stranger.ask("POST" if path == "/extend" else "GET", alive.path + path)
    said.is_problem(401, "unauthorized")
    assert said.challenge == "Bearer"


@pytest.mark.parametrize("query", ["token={}", "access_token={}", "x={}", "{}=", "Authorization=Bearer%20{}"])
def test_line_96_token_in_the_query(stranger: Stranger, alive: Owned, query: str) -> None:
    """A token in a URL is 400, beside a good header too, and comes into no log of ours."""
    path = f"{alive.path}?{query.format(alive.token)}"
    for token in (None, alive.token):
        said = stranger.ask("GET", path, token=token)
        said.is_problem(400, "token_in_query")
        assert alive.token not in said.text
    assert alive.token not in stranger.inside.log()


@pytest.mark.parametrize(
    "malformed",
    [
        "0123456789AB",
        "0123456789a",
        "0123456789abc",
        "0123456789ag",
        "%00",
        "0123456789ab%00",
        "0123456789ab%0a",
        "../instances",
        "..",
        "..%2finstances",
        "a" * 5000,
        "%F0%9F%98%80",
        "%ff",
        "%",
        "%zz",
        "%EF%BC%90123456789ab",
        "*",
        "{id}",
        "' OR 1=1 --".replace(" ", "%20"),
    ],
    ids=lambda text: text[:20],
)
def test_line_97_malformed_id(stranger: Stranger, alive: Owned, malformed: str) -> None:
    """What cannot be an id is 404 like one that nobody has."""
    stranger.ask("GET", f"/instances/{malformed}", token=alive.token).is_problem(404, "not_found")


def test_line_97_raw_bytes_for_an_id(stranger: Stranger, alive: Owned) -> None:
    """Bytes that no URL may have (RFC 3986 section 2) are no request at all."""
    head = f" HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {alive.token}\r\n\r\n".encode()
    stranger.send("GET /instances/\U0001f600".encode() + head).is_problem(400, "bad_request")


def test_line_98_token_of_another(stranger: Stranger, alive: Owned, gone: Owned) -> None:
    """The token of one instance opens no other."""
    stranger.ask("GET", alive.path, token=gone.token).is_problem(404, "not_found")
    stranger.ask("GET", gone.path, token=alive.token).is_problem(404, "not_found")


def test_line_99_gone(gone: Owned) -> None:
    """Its owner still sees what is gone, without an address or a way in."""
    seen = gone.look()
    assert (seen["status"], seen["ip"], seen["ssh_command"], seen["host_key"]) == ("deleted", None, None, None)
    assert seen["ended_at"] is not None


def test_line_100_head(stranger: Stranger, alive: Owned) -> None:
    """HEAD of an instance is 200 with the tag of GET and nothing behind it."""
    got = stranger.ask("GET", alive.path, token=alive.token)
    head = f"HEAD {alive.path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {alive.token}\r\n\r\n"
    told, behind = stranger.send_and_read_all(head.encode()).split(b"\r\n\r\n", 1)
    assert (told.startswith(b"HTTP/1.1 200 "), behind) == (True, b"")
    assert got.headers["etag"].encode() in told


@pytest.mark.parametrize(
    "form", ["bearer", "Bearer ", "Bearer", "Bearer a b", "Basic {}", "{}", "Bearer {},", "Bearer\t{}"]
)
def test_line_101_no_bearer(stranger: Stranger, alive: Owned, form: str) -> None:
    """What is not exactly one bearer token is 401, even where a good token is somewhere in it."""
    headers = {"Authorization": form.format(alive.token)}
    stranger.ask("GET", alive.path, headers=headers).is_problem(401, "unauthorized")


def test_line_101_two_headers(stranger: Stranger, alive: Owned) -> None:
    """Two Authorization headers are 401, though both be right."""
    twice = [("Authorization", f"Bearer {alive.token}")] * 2
    stranger.ask("GET", alive.path, headers=twice).is_problem(401, "unauthorized")


def test_line_101_long_header(stranger: Stranger, alive: Owned) -> None:
    """A token of 10 KB is 431."""
    stranger.ask("GET", alive.path, token="x" * 10_240).is_problem(431, "headers_too_large")


@pytest.mark.parametrize("hours", [0, -1, 1.5, "2", True, None, 10**18, [], {}], ids=repr)
def test_line_102_bad_hours(alive: Owned, hours: object) -> None:
    """More time is a whole number of hours from 1 on."""
    before = alive.look()["expires_at"]
    assert set(alive.extend(hours).is_problem(422, "invalid_input")["errors"]) == {"hours"}
    assert alive.look()["expires_at"] == before


@pytest.mark.parametrize("hours", [73, 8761])
def test_line_103_too_many_hours(alive: Owned, hours: int) -> None:
    """More hours at once than the operator's cap are refused."""
    assert set(alive.extend(hours).is_problem(422, "invalid_input")["errors"]) == {"hours"}


def test_line_104_not_running_yet(stranger: Stranger) -> None:
    """What does not run yet has no end that could move."""
    held = order_held(stranger)
    held.extend(1).is_problem(409, "not_running")
    assert held.end().status == 202


def test_line_105_ending_or_gone(ending: Owned, gone: Owned) -> None:
    """What is being deleted is 409, what is gone is 410."""
    ending.extend(1).is_problem(409, "deleting")
    gone.extend(1).is_problem(410, "gone")


def test_line_106_two_at_once(stranger: Stranger, alive: Owned) -> None:
    """Of two extensions that saw the same end one is granted, and the other is told the end as it is now."""
    for pause in (0.4, 1.2, 3.0):  # seconds in which both have read, and wait to write
        granted, late = _at_once(stranger, alive, pause)
        if late.status != granted.status:
            break
    assert granted.status == 200, granted.body
    assert late.is_problem(409, "conflict")["expires_at"] == granted.json["expires_at"] == alive.look()["expires_at"]


def _at_once(stranger: Stranger, alive: Owned, pause: float) -> list[Said]:
    """The answers to two extensions of which neither can be written for a while, the granted one first."""
    with ThreadPoolExecutor(2) as crowd:
        with stranger.inside.nobody_writes():
            asked = [crowd.submit(alive.extend, 1) for _ in range(2)]
            time.sleep(pause)
        return sorted((each.result() for each in asked), key=lambda said: said.status)


def test_line_107_repeated_key(alive: Owned) -> None:
    """The same key again has the same answer and adds nothing; with other hours it is refused."""
    first, again = alive.extend(1, "line-107"), alive.extend(1, "line-107")
    told = [
        {name: said.json[name] for name in ("old_expires_at", "expires_at", "hours_left")} for said in (first, again)
    ]
    assert (first.status, again.status, told[0]) == (200, 200, told[1])
    assert alive.look()["expires_at"] == told[0]["expires_at"]
    alive.extend(2, "line-107").is_problem(422, "idempotency_key_reused")


def test_line_108_wrong_token(stranger: Stranger, alive: Owned, gone: Owned) -> None:
    """A wrong or foreign token and an unknown id are the same 404, before anything of the request is judged."""
    before = alive.look()["expires_at"]
    nobody = Owned(stranger=stranger, id=NOBODY, token=WRONG)
    answers = [alive.extend(1, token=WRONG), alive.extend("x", None, token=gone.token), nobody.extend(1)]
    assert [each.status for each in answers] == [404] * 3
    assert [each for each in map(without_request_id, answers) if each != without_request_id(answers[0])] == []
    assert alive.look()["expires_at"] == before


def test_line_109_budget(stranger: Stranger, alive: Owned) -> None:
    """When the month's money is set aside, more time is 409 `limit` with nothing left."""
    before = alive.look()["expires_at"]
    with stranger.inside.budget_spent():
        document = alive.extend(1).is_problem(409, "limit")
    assert (document["limit"], document["left"]) == ("spend", 0)
    assert alive.look()["expires_at"] == before


def test_line_109_longest_life(alive: Owned) -> None:
    """Beyond the longest life it is 409 `limit`, which says how many hours are left, and those can be had."""
    while (left := int(alive.look()["extension"]["hours_left"])) >= 72:
        assert alive.extend(72).status == 200
    document = alive.extend(left + 1).is_problem(409, "limit")
    assert (document["limit"], document["left"]) == ("life", left)
    assert alive.extend(left).json["hours_left"] == 0


def test_line_109_no_key(alive: Owned) -> None:
    """More time needs an Idempotency-Key: without one a repeat would add hours twice."""
    alive.extend(1, None).is_problem(400, "idempotency_key_required")


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE"])
def test_line_110_get_on_extend(stranger: Stranger, alive: Owned, method: str) -> None:
    """There is nothing to see where time is given."""
    said = stranger.ask(method, f"{alive.path}/extend", token=alive.token)
    assert (said.status, said.headers["allow"]) == (405, "POST, OPTIONS")


def test_line_111_repeated_end(stranger: Stranger, ending: Owned) -> None:
    """Ending it again is 202 while it goes and 200 once it is gone."""
    assert [ending.end().status, ending.end().status] == [202, 202]
    let_everything_go(stranger)
    stranger.box.until(ending.id, "deleted")
    said = ending.end()
    assert (said.status, said.json["status"]) == (200, "deleted")


def test_line_112_foreign_end(stranger: Stranger, alive: Owned, gone: Owned) -> None:
    """Nobody ends what is not theirs: unknown id, wrong and foreign token are the same 404."""
    answers = [
        stranger.ask("DELETE", path, token=token)
        for path, token in ((alive.path, WRONG), (alive.path, gone.token), (f"/instances/{NOBODY}", alive.token))
    ]
    assert [each.status for each in answers] == [404] * 3
    assert [each for each in map(without_request_id, answers) if each != without_request_id(answers[0])] == []
    assert alive.look()["status"] == "running"


@pytest.mark.parametrize("body", [b"{", b'{"hours":1}', b"\xff\x00" * 5000], ids=["broken", "json", "bytes"])
def test_line_113_end_with_a_body(stranger: Stranger, body: bytes) -> None:
    """A body is of no meaning where something is ended."""
    made = order(stranger)
    said = made.end(body)
    assert said.status in {200, 202}
    stranger.box.until(made.id, "deleted")


def test_line_114_end_during_a_build(stranger: Stranger) -> None:
    """An instance can be ended in the middle of its build, and nothing is left of it."""
    held = order_held(stranger)
    assert held.end().status == 202
    stranger.box.until(held.id, "deleted")
    assert f"cc-{held.id}" not in {server["name"] for server in stranger.box.servers()}


@pytest.mark.parametrize("name", ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"])
def test_line_115_method_override(stranger: Stranger, alive: Owned, name: str) -> None:
    """A header that names another method changes nothing: POST stays POST, and GET stays GET."""
    given = {"Content-Type": JSON, name: "DELETE"}
    stranger.ask("POST", alive.path, b"{}", given, token=alive.token).is_problem(405, "method_not_allowed")
    assert stranger.ask("GET", f"{alive.path}?_method=DELETE", None, given, token=alive.token).status == 200
    assert alive.look()["status"] == "running"
