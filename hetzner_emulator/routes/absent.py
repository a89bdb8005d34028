"""Collections this emulator has nothing in: empty lists, 404 for any one, `unsupported_error` for making one."""

from collections.abc import Callable

from hetzner_emulator.call import Call, Handler, Reply, Route
from hetzner_emulator.errors import not_found, unsupported
from hetzner_emulator.paging import page_of

_COLLECTIONS = (
    "certificates", "firewalls", "floating_ips", "isos", "load_balancer_types", "load_balancers", "networks",
    "placement_groups", "storage_box_types", "storage_boxes", "volumes", "zones",
)  # fmt: skip
_READ_ONLY = ("isos", "load_balancer_types", "storage_box_types")


def _empty(name: str) -> Callable[[Call], Reply]:
    def route(call: Call) -> Reply:
        page, meta, headers = page_of([], call.query, call.url)
        return Reply(body={name: page, "meta": meta}, headers=headers)

    return route


def _missing(name: str) -> Callable[[Call], Reply]:
    def route(call: Call) -> Reply:
        raise not_found(name, call.ids[0])

    return route


def _refused(name: str) -> Callable[[Call], Reply]:
    def route(_: Call) -> Reply:
        raise unsupported(f"creating {name}")

    return route


def _routes(name: str) -> list[Route]:
    missing: Handler = _missing(name)
    routes = [Route("GET", f"/{name}", _empty(name)), Route("GET", f"/{name}/{{}}", missing)]
    if name not in _READ_ONLY:
        routes += [
            Route("POST", f"/{name}", _refused(name)),
            Route("PUT", f"/{name}/{{}}", missing),
            Route("DELETE", f"/{name}/{{}}", missing),
        ]
    return routes


ROUTES = [route for name in _COLLECTIONS for route in _routes(name)] + [
    Route("POST", "/primary_ips", _refused("primary_ips")),
]
