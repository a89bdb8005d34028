"""Time passing for a server: statuses, locks, actions, power, money. Only the shifted clock moves."""

import pytest

from tests.unit.hetzner_emulator.running import Api, Emulator


def _status(api: Api, ident: int) -> tuple[str, bool]:
    server = api.ok("GET", f"/servers/{ident}")["server"]
    return server["status"], server["locked"]


def test_a_server_starts_as_the_clock_says(slow: Emulator) -> None:
    """After 22 s of the shifted clock the create action ends and the lock with it; a second later it runs."""
    api = slow.project()
    made = api.create("one")
    ident, action = made["server"]["id"], made["action"]["id"]
    locked = api.call("DELETE", f"/servers/{ident}")
    assert (locked.status, locked.body["error"]["code"]) == (423, "locked")
    slow.advance(11)
    assert 40 < api.ok("GET", f"/actions/{action}")["action"]["progress"] < 60
    slow.advance(22.5)
    assert _status(api, ident) == ("starting", False)
    slow.advance(30)
    assert _status(api, ident) == ("running", False)
    done = api.ok("GET", f"/servers/{ident}/actions/{action}")["action"]
    assert (done["status"], done["progress"]) == ("success", 100)


def test_actions_in_all_their_forms(slow: Emulator) -> None:
    """The same actions are found by id, by many ids, by server and among all servers' actions."""
    api = slow.project()
    made = api.create("one")
    ident = made["server"]["id"]
    ids = [made["action"]["id"], made["next_actions"][0]["id"]]
    query = f"id={ids[0]}&id={ids[1]}"
    for path in (f"/actions?{query}", f"/servers/actions?{query}", f"/servers/{ident}/actions"):
        assert [action["id"] for action in api.ok("GET", path)["actions"]] == ids
    for path in (f"/actions/{ids[0]}", f"/servers/actions/{ids[0]}", f"/servers/{ident}/actions/{ids[0]}"):
        assert api.ok("GET", path)["action"]["status"] == "running"
    slow.advance(60)
    api.ok("DELETE", f"/servers/{ident}")
    assert len(api.ok("GET", f"/servers/{ident}/actions?status=running")["actions"]) == 1


def test_power(slow: Emulator) -> None:
    """Power actions move the status over time, lock meanwhile, and fail on a server that is off."""
    api = slow.project()
    ident = api.create("one")["server"]["id"]
    slow.advance(60)
    assert api.ok("POST", f"/servers/{ident}/actions/poweroff")["action"]["command"] == "stop_server"
    assert _status(api, ident) == ("stopping", True)
    assert api.call("POST", f"/servers/{ident}/actions/poweron").status == 423
    slow.advance(70)
    assert _status(api, ident) == ("off", False)
    assert api.call("POST", f"/servers/{ident}/actions/reboot").status == 422
    api.ok("POST", f"/servers/{ident}/actions/poweron")
    slow.advance(80)
    assert _status(api, ident) == ("running", False)
    for command, later in (("reboot", 90), ("reset", 100), ("shutdown", 110)):
        api.ok("POST", f"/servers/{ident}/actions/{command}")
        slow.advance(later)
    assert _status(api, ident) == ("off", False)


def test_protection_and_passwords(slow: Emulator) -> None:
    """A protected server is neither deleted nor rebuilt; a new password can be had."""
    api = slow.project()
    ident = api.create("one")["server"]["id"]
    slow.advance(60)
    api.ok("POST", f"/servers/{ident}/actions/change_protection", {"delete": True, "rebuild": True})
    assert api.call("DELETE", f"/servers/{ident}").body["error"]["code"] == "protected"
    assert api.call("POST", f"/servers/{ident}/actions/rebuild", {"image": "debian-12"}).status == 423
    api.ok("POST", f"/servers/{ident}/actions/change_protection", {"delete": False, "rebuild": False})
    assert api.ok("POST", f"/servers/{ident}/actions/reset_password")["root_password"]


def test_rebuild_keeps_identity(slow: Emulator) -> None:
    """A rebuild keeps id, address and creation time, and takes the new image."""
    api = slow.project()
    before = api.create("one")["server"]
    slow.advance(60)
    action = api.ok("POST", f"/servers/{before['id']}/actions/rebuild", {"image": "debian-12"})["action"]
    assert action["command"] == "rebuild_server"
    assert _status(api, before["id"]) == ("rebuilding", True)
    slow.advance(120)
    after = api.ok("GET", f"/servers/{before['id']}")["server"]
    assert (after["status"], after["image"]["name"]) == ("running", "debian-12")
    assert (after["public_net"], after["created"]) == (before["public_net"], before["created"])


@pytest.mark.parametrize("name", ["enable_rescue", "attach_iso", "change_type", "enable_backup"])
def test_what_is_not_imitated_says_so(api: Api, name: str) -> None:
    """An operation this emulator has not is 422 unsupported_error, not a lie."""
    ident = api.create("one")["server"]["id"]
    answer = api.call("POST", f"/servers/{ident}/actions/{name}", {})
    assert (answer.status, answer.body["error"]["code"]) == (422, "unsupported_error")


def test_the_bill(slow: Emulator) -> None:
    """Every started hour costs, off or on, until the delete; a whole month is capped."""
    api = slow.project()
    ident = api.create("short")["server"]["id"]
    api.create("long", server_type="cpx32")
    slow.advance(3600 + 60)
    api.ok("POST", f"/servers/{ident}/actions/poweroff")
    slow.advance(2 * 3600 + 60)
    api.ok("DELETE", f"/servers/{ident}")
    slow.advance(1000 * 3600 + 1)
    bill = api.call("GET", "/_emulator/bill").body["projects"][api.token.replace("token", "project")]
    lines = {line["name"]: line for line in bill["servers"]}
    assert lines["short"]["hours"] == 3
    assert float(lines["short"]["server"]) == pytest.approx(3 * 0.0312)
    assert float(lines["short"]["ipv4"]) == pytest.approx(3 * 0.0008)
    assert lines["long"]["hours"] == 1001
    assert float(lines["long"]["server"]) <= 3 * 35.49
    assert float(lines["long"]["server"]) < 1001 * 0.0569
    assert float(bill["total"]) == pytest.approx(sum(float(line["net"]) for line in lines.values()))
