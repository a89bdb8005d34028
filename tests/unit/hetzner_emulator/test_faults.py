"""Faults, one by one: what the client sees, and what has really happened."""

import http.client
import json
import time
from email.utils import parsedate_to_datetime

import pytest

from tests.unit.hetzner_emulator.running import Api, Emulator, Json

_WISH: Json = {"name": "one", "server_type": "cpx22", "image": "ubuntu-24.04", "location": "nbg1"}
_CUT = (ConnectionError, http.client.HTTPException)


def _names(api: Api) -> list[str]:
    return [server["name"] for server in api.ok("GET", "/servers")["servers"]]


@pytest.mark.parametrize(
    ("fault", "status", "code", "message"),
    [
        ({"do": "error", "status": 503, "code": "maintenance", "message": "later"}, 503, "maintenance", "later"),
        ({"do": "resource_unavailable"}, 412, "resource_unavailable", "error during placement"),
        (
            {"do": "resource_unavailable", "wording": "location_disabled"},
            412,
            "resource_unavailable",
            "server location disabled",
        ),
        ({"do": "limits"}, 403, "resource_limit_exceeded", "server limit reached"),
        ({"do": "locked"}, 423, "locked", "cannot perform operation because server is locked"),
        ({"do": "conflict"}, 409, "conflict", "the resource has changed during the request"),
        (
            {"do": "rate_limited"},
            429,
            "rate_limit_exceeded",
            "limit of 3600 requests per hour reached",
        ),
    ],
)
def test_refusals_on_command(api: Api, fault: Json, status: int, code: str, message: str) -> None:
    """A refusing fault answers with its code once, nothing is made, and the next try succeeds."""
    api.fault(**fault, method="POST", path="^/servers$")
    answer = api.call("POST", "/servers", _WISH)
    assert (answer.status, answer.body["error"]["code"]) == (status, code)
    assert answer.body["error"]["message"] == message
    assert _names(api) == []
    api.create("one")


def test_a_fault_for_one_type_and_location(api: Api) -> None:
    """A fault can be meant for one type in one location, and last until it is cleared."""
    api.fault(do="resource_unavailable", server_type="cpx22", location="nbg1", times=0)
    for _ in range(3):
        assert api.call("POST", "/servers", _WISH).status == 412
    api.create("two", location="hel1")
    api.create("three", server_type="cpx32")
    api.call("DELETE", "/_emulator/faults")
    api.create("one")


def test_skip_and_times(api: Api) -> None:
    """A fault lets `skip` requests pass and then meets `times` of them."""
    api.fault(do="locked", path="^/locations$", skip=1, times=2)
    assert [api.call("GET", "/locations").status for _ in range(4)] == [200, 423, 423, 200]


@pytest.mark.parametrize(("do", "status"), [("html_502", 502), ("html_200", 200)])
def test_html(api: Api, do: str, status: int) -> None:
    """A proxy's page comes instead of the API's answer."""
    api.fault(do=do)
    answer = api.call("POST", "/servers", _WISH)
    assert (answer.status, answer.body) == (status, None)
    assert answer.headers["Content-Type"].startswith("text/html")
    assert _names(api) == []


@pytest.mark.parametrize(("when", "names"), [("before", []), ("after", ["one"])])
def test_timeouts(api: Api, when: str, names: list[str]) -> None:
    """Silence before the commit leaves nothing behind, silence after it leaves the server."""
    api.fault(do=f"timeout_{when}_commit", method="POST", seconds=30)
    with pytest.raises(TimeoutError):
        api.call("POST", "/servers", _WISH, timeout=0.2)
    end = time.monotonic() + 60  # a busy emulator commits after its client has gone
    while names and not _names(api):
        assert time.monotonic() < end
    assert _names(api) == names


@pytest.mark.parametrize(("when", "names"), [("before", []), ("after", ["one"])])
def test_resets(api: Api, when: str, names: list[str]) -> None:
    """The same with a connection that is reset."""
    api.fault(do=f"reset_{when}_commit", method="POST")
    with pytest.raises(_CUT):
        api.call("POST", "/servers", _WISH)
    assert _names(api) == names


def test_truncated_json(api: Api) -> None:
    """Half of the JSON arrives, in a response that looks complete."""
    api.fault(do="truncated", path="^/locations$")
    answer = api.call("GET", "/locations")
    assert (answer.status, answer.body) == (200, None)
    assert answer.raw.startswith(b'{"locations"')


def test_a_slow_body(api: Api) -> None:
    """The body trickles for as long as ordered."""
    api.fault(do="slow_body", path="^/locations$", seconds=0.3)
    begun = time.monotonic()
    assert len(api.call("GET", "/locations").body["locations"]) == 6
    assert time.monotonic() - begun >= 0.25


def test_a_clock_that_is_off(api: Api) -> None:
    """The Date header can be an hour off while all else is right."""
    right = parsedate_to_datetime(api.call("GET", "/locations").headers["Date"])
    api.fault(do="clock_off", seconds=-3600)
    wrong = parsedate_to_datetime(api.call("GET", "/locations").headers["Date"])
    assert 3590 < (right - wrong).total_seconds() <= 3600


_ODD: list[tuple[Json, str, object]] = [
    ({"each": {"servers": {"public_net": None}}}, "public_net", "absent"),
    ({"set": [{"path": "/servers/*/public_net/ipv4", "value": None}]}, "public_net/ipv4", None),
    ({"each": {"servers": {"labels": None}}}, "labels", "absent"),
    ({"each": {"servers": {"created": "2099-01-01T00:00:00+00:00"}}}, "created", "2099-01-01T00:00:00+00:00"),
    ({"each": {"servers": {"status": "dreaming"}}}, "status", "dreaming"),
    ({"each": {"servers": {"id": 2**60}}}, "id", 2**60),
    ({"each": {"servers": {"name": "n" * 70}}}, "name", "n" * 70),
]


@pytest.mark.parametrize(("patch", "path", "value"), _ODD)
def test_odd_answers(api: Api, patch: Json, path: str, value: object) -> None:
    """Any part of an answer can be taken away, made null or strange, in lists and in single objects."""
    ident = api.create("one")["server"]["id"]
    api.fault(do="mutate", method="GET", times=2, **patch)
    seen = [api.call("GET", "/servers").body["servers"][0]]
    if "each" in patch:
        seen.append(api.call("GET", f"/servers/{ident}").body["server"])
    for server in seen:
        found: object = server
        for step in path.split("/"):
            found = found.get(step, "absent") if isinstance(found, dict) else found
        assert found == value


def test_a_loop_of_pages_and_two_of_one_name(api: Api) -> None:
    """A list can point back to its own page and name two servers alike."""
    api.create("one")
    api.create("two")
    patch = {"meta": {"pagination": {"next_page": 1}}}
    api.fault(do="mutate", path="^/servers$", patch=patch, each={"servers": {"name": "same"}})
    body = api.call("GET", "/servers").body
    assert body["meta"]["pagination"]["next_page"] == 1
    assert [server["name"] for server in body["servers"]] == ["same", "same"]


def test_an_action_that_fails(api: Api) -> None:
    """The action ends in error and the server never gets beyond its beginning."""
    api.fault(do="action_error", method="POST", code="no_host", message="no host left")
    made = api.create("one")
    action = api.ok("GET", f"/actions/{made['action']['id']}")["action"]
    assert (action["status"], action["error"]["code"]) == ("error", "no_host")
    assert api.ok("GET", f"/servers/{made['server']['id']}")["server"]["status"] == "initializing"


def test_a_server_stuck_in_initializing(slow: Emulator) -> None:
    """A stuck server initializes for ever, and can be deleted."""
    api = slow.project()
    api.fault(do="stuck", method="POST")
    made = api.create("one")
    slow.advance(86400)
    assert api.ok("GET", f"/servers/{made['server']['id']}")["server"]["status"] == "initializing"
    assert api.ok("GET", f"/actions/{made['action']['id']}")["action"]["status"] == "running"
    api.ok("DELETE", f"/servers/{made['server']['id']}")


def test_a_delete_that_is_lost(api: Api) -> None:
    """The delete is answered with 200, and the server is still there."""
    ident = api.create("one")["server"]["id"]
    api.fault(do="delete_lost", method="DELETE")
    api.ok("DELETE", f"/servers/{ident}")
    assert _names(api) == ["one"]
    api.ok("DELETE", f"/servers/{ident}")
    assert _names(api) == []


def test_a_list_that_lags(slow: Emulator) -> None:
    """A lagging list shows the deleted and hides the new."""
    api = slow.project()
    old = api.create("old")["server"]["id"]
    slow.advance(100)
    api.ok("DELETE", f"/servers/{old}")
    api.create("new")
    assert _names(api) == ["new"]
    api.fault(do="list_lag", path="^/servers$", seconds=60)
    assert _names(api) == ["old"]
    assert api.call("GET", f"/servers/{old}").status == 404


def test_an_address_used_twice(api: Api) -> None:
    """A new server can be given an address that another one has."""
    first = api.create("one")["server"]
    api.fault(do="reused_ip", method="POST")
    assert api.create("two")["server"]["public_net"]["ipv4"]["ip"] == first["public_net"]["ipv4"]["ip"]


def test_a_fault_that_means_nothing_is_refused(api: Api) -> None:
    """An unknown word or a broken pattern is told to who ordered it."""
    for order in ({"do": "dance"}, {"do": "locked", "path": "("}, "locked"):
        assert api.call("POST", "/_emulator/faults", order).status == 422


def test_faults_from_a_file(tmp_path: object, emulator: Emulator) -> None:
    """A file of faults is read when it changes, and its faults are used up like others."""
    file = emulator.folder / "faults.json"
    own = Emulator(emulator.folder / "filed", "--ssh", "off", "--faults", str(file))
    try:
        api = own.project()
        assert api.call("GET", "/locations").status == 200
        file.write_text(json.dumps([{"do": "locked", "path": "^/locations$"}]))
        assert [api.call("GET", "/locations").status for _ in range(2)] == [423, 200]
        own.kill_and_restart()
        assert Api(own.url, api.token).call("GET", "/locations").status == 200
    finally:
        own.end()
        file.unlink()
