"""Servers over the API: create, find, change, delete."""

import pytest

from tests.unit.hetzner_emulator.running import Api, Emulator


def test_a_new_server_has_addresses_and_actions(slow: Emulator) -> None:
    """The answer of a create holds both addresses, the running action and the one that follows."""
    api = slow.project()
    made = api.create("one", labels={"stack": "test"})
    server = made["server"]
    assert (server["status"], server["locked"]) == ("initializing", True)
    assert server["public_net"]["ipv4"]["ip"].startswith("127.77.")
    assert server["public_net"]["ipv6"]["ip"].endswith("::/64")
    assert made["action"]["command"] == "create_server"
    assert made["action"]["id"] >= 10**14
    assert [action["command"] for action in made["next_actions"]] == ["start_server"]


def test_the_root_password_is_told_only_without_keys(api: Api, public_key: str) -> None:
    """`root_password` is null exactly when ssh_keys were named."""
    api.ok("POST", "/ssh_keys", {"name": "k", "public_key": public_key})
    assert api.create("with", ssh_keys=["k"])["root_password"] is None
    assert api.create("without")["root_password"]


def test_a_name_is_unique_until_its_server_is_deleted(api: Api) -> None:
    """A second server of a name is refused; after the delete the name is free at once and the server gone."""
    first = api.create("twin")["server"]
    again = api.call("POST", "/servers", {"name": "twin", "server_type": "cpx22", "image": "ubuntu-24.04"})
    assert (again.status, again.body["error"]["code"]) == (409, "uniqueness_error")
    assert again.body["error"]["message"] == "server name is already used"
    assert api.ok("DELETE", f"/servers/{first['id']}")["action"]["command"] == "delete_server"
    assert api.call("GET", f"/servers/{first['id']}").status == 404
    assert api.create("twin")["server"]["id"] != first["id"]


def test_a_freed_address_is_given_to_the_next_server(api: Api) -> None:
    """Addresses are reused last in, first out."""
    kept, freed = api.create("kept")["server"], api.create("freed")["server"]
    api.ok("DELETE", f"/servers/{freed['id']}")
    after = api.create("after")["server"]
    assert after["public_net"]["ipv4"]["ip"] == freed["public_net"]["ipv4"]["ip"]
    assert after["public_net"]["ipv4"]["ip"] != kept["public_net"]["ipv4"]["ip"]


def test_projects_do_not_see_each_other(emulator: Emulator, api: Api) -> None:
    """A server of one token's project does not exist for another's."""
    server = api.create("mine")["server"]
    other = emulator.project()
    assert other.ok("GET", "/servers")["servers"] == []
    assert other.call("GET", f"/servers/{server['id']}").status == 404


def test_name_and_labels_can_change(api: Api) -> None:
    """PUT changes name and the whole set of labels, and refuses a name that is used."""
    api.create("used")
    ident = api.create("old", labels={"a": "1", "b": "2"})["server"]["id"]
    changed = api.ok("PUT", f"/servers/{ident}", {"name": "new", "labels": {"a": "3"}})["server"]
    assert (changed["name"], changed["labels"]) == ("new", {"a": "3"})
    assert api.call("PUT", f"/servers/{ident}", {"name": "used"}).status == 409
    assert [s["name"] for s in api.ok("GET", "/servers?name=new")["servers"]] == ["new"]


@pytest.mark.parametrize(
    ("selector", "names"),
    [
        ("kind%3Dbox", ["a", "b"]),
        ("kind!%3Dbox", ["c"]),
        ("tier", ["b"]),
        ("!tier", ["a", "c"]),
        ("kind%20in%20(box,cat),!tier", ["a", "c"]),
        ("kind%20notin%20(box)", ["c"]),
    ],
)
def test_label_selectors(api: Api, selector: str, names: list[str]) -> None:
    """Every form of label selector finds the servers it means."""
    for name, labels in (("a", {"kind": "box"}), ("b", {"kind": "box", "tier": "x"}), ("c", {"kind": "cat"})):
        api.create(name, labels=labels)
    found = api.ok("GET", f"/servers?label_selector={selector}&sort=name")["servers"]
    assert [server["name"] for server in found] == names


def test_pages(api: Api) -> None:
    """Lists come in pages of at most 50, say where they are, and are empty past the end."""
    for number in range(7):
        api.create(f"s{number}")
    page = api.call("GET", "/servers?per_page=3&page=2&sort=name:desc")
    assert [server["name"] for server in page.body["servers"]] == ["s3", "s2", "s1"]
    where = page.body["meta"]["pagination"]
    assert (where["previous_page"], where["next_page"], where["last_page"], where["total_entries"]) == (1, 3, 3, 7)
    assert 'rel="next"' in page.headers["Link"]
    assert api.ok("GET", "/servers?page=99")["servers"] == []
    assert api.ok("GET", "/servers?per_page=500")["meta"]["pagination"]["per_page"] == 50


def test_primary_ips_live_with_their_server(api: Api) -> None:
    """Two primary addresses appear with a server and go with it."""
    server = api.create("one")["server"]
    found = api.ok("GET", "/primary_ips")["primary_ips"]
    assert {ip["type"] for ip in found} == {"ipv4", "ipv6"}
    assert {ip["assignee_id"] for ip in found} == {server["id"]}
    assert api.ok("GET", f"/primary_ips/{found[0]['id']}")["primary_ip"] == found[0]
    api.ok("DELETE", f"/servers/{server['id']}")
    assert api.ok("GET", "/primary_ips")["primary_ips"] == []


def test_a_server_without_ipv4(api: Api) -> None:
    """`enable_ipv4: false` makes a server that has none."""
    server = api.create("six", public_net={"enable_ipv4": False})["server"]
    assert server["public_net"]["ipv4"] is None
    assert server["public_net"]["ipv6"] is not None
