"""What a create request asks for, checked: the validation half of `POST /servers`."""

from dataclasses import dataclass
from typing import Any

from hetzner_emulator import validation
from hetzner_emulator.call import Call
from hetzner_emulator.errors import ApiError, invalid, not_found, out_of_stock, taken, unsupported
from hetzner_emulator.market import is_over
from hetzner_emulator.records import SshKey
from hetzner_emulator.routes.images import find_image

Json = dict[str, Any]
_SHARED_LIMIT = ("volumes", "networks", "firewalls", "placement_group")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerOrder:
    """A create request that may be carried out."""

    name: str
    labels: dict[str, str]
    server_type: Json
    location: str
    image: Json
    user_data: str
    keys: tuple[SshKey, ...]
    start: bool
    ipv4: bool
    ipv6: bool


def read_order(call: Call) -> ServerOrder:
    """Check a create request in the provider's order: form first, then what exists, then what can be had."""
    body = call.body
    for field in ("name", "server_type", "image"):
        if body.get(field) in (None, ""):
            raise invalid(field, "missing data for required field")
    name = validation.server_name(body["name"])
    labels = validation.labels(body.get("labels"))
    user_data = validation.user_data(body.get("user_data"))
    for field in _SHARED_LIMIT:
        if body.get(field):
            raise unsupported(field)
    ipv4, ipv6 = _addresses(body.get("public_net") or {})
    server_type = _server_type(call)
    location = _location(call)
    image = find_image(call, body["image"], server_type["architecture"])
    keys = tuple(_key(call, ident) for ident in _list(body, "ssh_keys"))
    _fits(server_type, location, image, call.now)
    if call.emulator.world.named(call.project, name) is not None:
        raise taken("name", "server name is already used")
    _in_stock(call, server_type, location)
    start = validation.flag(body, "start_after_create", default=True)
    return ServerOrder(
        name=name,
        labels=labels,
        server_type=server_type,
        location=location,
        image=image,
        user_data=user_data,
        keys=keys,
        start=start,
        ipv4=ipv4,
        ipv6=ipv6,
    )


def _addresses(public_net: Any) -> tuple[bool, bool]:
    if not isinstance(public_net, dict):
        raise invalid("public_net", "must be an object")
    if public_net.get("ipv4") is not None or public_net.get("ipv6") is not None:
        raise unsupported("a primary IP of its own")
    return (
        validation.flag(public_net, "enable_ipv4", default=True),
        validation.flag(public_net, "enable_ipv6", default=True),
    )


def _server_type(call: Call) -> Json:
    found = call.emulator.market.find_type(call.body["server_type"])
    if found is None:
        raise not_found("server_type", call.body["server_type"])
    return found


def _location(call: Call) -> str:
    if call.body.get("datacenter") is not None:
        raise ApiError(410, "deprecated_api_endpoint", "datacenters are gone, use location")
    wish = call.body.get("location")
    if wish is None:
        return _any_location(call)
    found = call.emulator.market.find_location(wish)
    if found is None:
        raise not_found("location", wish)
    return str(found["name"])


def _any_location(call: Call) -> str:
    places = _server_type(call)["locations"]
    return str(next((place["name"] for place in places if place["available"]), places[0]["name"]))


def _key(call: Call, ident: object) -> SshKey:
    keys = (key for key in call.emulator.world.ssh_keys.values() if key.project == call.project)
    found = next((key for key in keys if key.name == ident or str(key.id) == str(ident)), None)
    if found is None:
        raise ApiError(404, "not_found", f"SSH key not found: {ident}")
    return found


def _list(body: Json, field: str) -> list[Any]:
    value = body.get(field) or []
    if not isinstance(value, list):
        raise invalid(field, "must be a list")
    return value


def _fits(server_type: Json, location: str, image: Json, now: float) -> None:
    if is_over(server_type["deprecation"], now):
        message = f"server type {server_type['id']} is deprecated"
        raise ApiError(422, "invalid_input", message, {"fields": [{"name": "server_type"}]})
    place = next((each for each in server_type["locations"] if each["name"] == location), None)
    if place is None or is_over(place["deprecation"], now):
        raise ApiError(422, "invalid_input", "unsupported location for server type")
    if image["architecture"] != server_type["architecture"]:
        raise invalid("image", "image architecture does not match the server type's")
    if image["disk_size"] > server_type["disk"]:
        raise invalid("image", "image disk is bigger than server type disk")


def _in_stock(call: Call, server_type: Json, location: str) -> None:
    place = call.emulator.market.sold(server_type["name"], location)
    if place is None or not place["available"]:
        closed = not call.emulator.market.is_open(location)
        raise out_of_stock("location_full" if closed else "placement")
