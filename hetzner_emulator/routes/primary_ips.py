"""Primary addresses: made with servers and gone with them, so they are read off the servers."""

from typing import Any

from hetzner_emulator.call import Call, Reply, Route
from hetzner_emulator.errors import not_found
from hetzner_emulator.paging import ordered, page_of
from hetzner_emulator.selector import parse
from hetzner_emulator.views import primary_ip_views

Json = dict[str, Any]


def _all(call: Call) -> list[Json]:
    servers = call.emulator.world.live(call.project).values()
    return [view for server in servers for view in primary_ip_views(server, call.emulator.market)]


def _list(call: Call) -> Reply:
    items = _all(call)
    for field in ("name", "ip"):
        if field in call.query:
            items = [item for item in items if item[field] == call.query[field]]
    if "label_selector" in call.query:
        wanted = parse(call.query["label_selector"])
        items = [item for item in items if wanted(item["labels"])]
    items = ordered(items, call.query.getall("sort", []), ("id", "name", "created"), dict.__getitem__)
    page, meta, headers = page_of(items, call.query, call.url)
    return Reply(body={"primary_ips": page, "meta": meta}, headers=headers)


def _get(call: Call) -> Reply:
    ident = call.id("primary_ip")
    for item in _all(call):
        if item["id"] == ident:
            return Reply(body={"primary_ip": item})
    raise not_found("primary_ip", ident)


ROUTES = [Route("GET", "/primary_ips", _list), Route("GET", "/primary_ips/{}", _get)]
