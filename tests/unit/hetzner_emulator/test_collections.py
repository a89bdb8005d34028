"""Keys, images, catalogue and the collections that are empty."""

import pytest

from tests.unit.hetzner_emulator.running import Api, document

_EMPTY = (
    "certificates", "firewalls", "floating_ips", "isos", "load_balancer_types", "load_balancers", "networks",
    "placement_groups", "volumes", "zones",
)  # fmt: skip


def test_ssh_keys(api: Api, public_key: str) -> None:
    """A key can be made, found by fingerprint, changed and deleted, and is unique by name and by key."""
    key = api.ok("POST", "/ssh_keys", {"name": "k", "public_key": public_key, "labels": {"a": "1"}})["ssh_key"]
    assert len(key["fingerprint"].split(":")) == 16
    again = api.call("POST", "/ssh_keys", {"name": "other", "public_key": public_key})
    assert (again.status, again.body["error"]["code"]) == (409, "uniqueness_error")
    assert api.ok("GET", f"/ssh_keys?fingerprint={key['fingerprint']}")["ssh_keys"] == [key]
    changed = api.ok("PUT", f"/ssh_keys/{key['id']}", {"name": "renamed", "labels": {}})["ssh_key"]
    assert (changed["name"], changed["labels"]) == ("renamed", {})
    assert api.call("DELETE", f"/ssh_keys/{key['id']}").status == 204
    assert api.ok("GET", "/ssh_keys")["ssh_keys"] == []


@pytest.mark.parametrize("key", ["", "ssh-ed25519", "ssh-ed25519 AAAA", "hello world", 7, None])
def test_malformed_public_keys(api: Api, key: object) -> None:
    """What is no public key is refused by name of the field."""
    answer = api.call("POST", "/ssh_keys", {"name": "k", "public_key": key})
    assert answer.status == 422
    assert answer.body["error"]["details"]["fields"][0]["name"] == "public_key"


def test_images_by_name_come_with_the_x86_one_first(api: Api) -> None:
    """Old clients take the first image of a name, so the x86 one has the lower id."""
    found = api.ok("GET", "/images?name=ubuntu-24.04")["images"]
    assert [image["architecture"] for image in found] == ["x86", "arm"]
    assert found[0]["id"] < found[1]["id"]
    only = api.ok("GET", "/images?name=ubuntu-24.04&architecture=arm")["images"]
    assert [image["architecture"] for image in only] == ["arm"]


def test_a_snapshot_is_made_and_used(api: Api) -> None:
    """create_image makes a snapshot from which another server can be made, and which can be deleted."""
    ident = api.create("source")["server"]["id"]
    made = api.ok("POST", f"/servers/{ident}/actions/create_image", {"description": "gold", "labels": {"a": "b"}})
    image = made["image"]
    assert made["action"]["command"] == "create_image"
    found = api.ok("GET", "/images?type=snapshot&label_selector=a%3Db")["images"]
    assert [(each["description"], each["status"]) for each in found] == [("gold", "available")]
    assert api.create("copy", image=str(image["id"]))["server"]["image"]["type"] == "snapshot"
    api.ok("PUT", f"/images/{image['id']}", {"description": "silver"})
    assert api.ok("GET", f"/images/{image['id']}")["image"]["description"] == "silver"
    assert api.call("DELETE", f"/images/{image['id']}").status == 204
    assert api.call("GET", f"/images/{image['id']}").status == 404


def test_the_market_shows_what_is_out_of_stock(api: Api) -> None:
    """CX and CAX types are for sale nowhere, and what is gone says since when."""
    types = {each["name"]: each for each in api.ok("GET", "/server_types?per_page=50")["server_types"]}
    for name, each in types.items():
        if name.startswith(("cx", "cax")):
            assert not any(place["available"] for place in each["locations"]), name
    assert types["cx22"]["deprecation"]["unavailable_after"] == "2026-01-01T00:00:00Z"
    assert any(place["available"] for place in types["cpx22"]["locations"])


def test_prices_add_up(api: Api) -> None:
    """Gross is net with 19 % VAT, and a month costs no more than 624 hours and a bit."""
    pricing = api.ok("GET", "/pricing")["pricing"]
    for each in pricing["server_types"]:
        for price in each["prices"]:
            net, gross = (float(price["price_monthly"][word]) for word in ("net", "gross"))
            assert gross == pytest.approx(net * 1.19)
            assert float(price["price_hourly"]["net"]) * 624 == pytest.approx(net, rel=0.02)


@pytest.mark.parametrize("name", _EMPTY)
def test_empty_collections(api: Api, name: str) -> None:
    """A collection nothing can be in is an empty list, and making something in it is refused plainly."""
    assert api.ok("GET", f"/{name}")[name] == []
    assert api.call("GET", f"/{name}/1").status == 404
    if name not in ("isos", "load_balancer_types"):
        assert api.call("POST", f"/{name}", {}).body["error"]["code"] == "unsupported_error"


def test_every_success_is_checked_against_the_document(api: Api) -> None:
    """One of each thing, by its own path, is shaped as the provider's document says."""
    if document() is None:
        pytest.skip("the provider's OpenAPI document is not here: set HETZNER_OPENAPI to its path")
    api.create("one")
    for name in ("servers", "images", "server_types", "locations", "primary_ips"):
        things = api.ok("GET", f"/{name}?per_page=50")[name]
        assert things
        for thing in things:
            api.ok("GET", f"/{name}/{thing['id']}")
