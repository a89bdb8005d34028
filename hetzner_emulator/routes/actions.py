"""Actions in all their URL forms: of everything, of one server, of all servers, of all images."""

from collections.abc import Callable, Iterable

from hetzner_emulator.call import Call, Reply, Route
from hetzner_emulator.errors import invalid, not_found
from hetzner_emulator.paging import ordered, page_of
from hetzner_emulator.records import Action
from hetzner_emulator.views import action_view

_SORTS = ("id", "command", "status", "started", "finished", "progress")


def _page(call: Call, actions: Iterable[Action]) -> Reply:
    views = [action_view(action, call.now) for action in actions]
    if "id" in call.query:
        views = [view for view in views if str(view["id"]) in call.query.getall("id")]
    if "status" in call.query:
        views = [view for view in views if view["status"] in call.query.getall("status")]
    views = ordered(views, call.query.getall("sort", []), _SORTS, dict.__getitem__)
    page, meta, headers = page_of(views, call.query, call.url)
    return Reply(body={"actions": page, "meta": meta}, headers=headers)


def _wanted(call: Call) -> list[Action]:
    found = [call.emulator.world.actions.get(int(text)) for text in call.query.getall("id") if text.isdigit()]
    return [action for action in found if action is not None and action.project == call.project]


def _every(call: Call) -> Reply:
    if "id" not in call.query:
        raise invalid("id", "missing data for required field")
    return _page(call, _wanted(call))


def _all_of(kind: str) -> Callable[[Call], Reply]:
    def route(call: Call) -> Reply:
        own = (action for action in call.emulator.world.actions.values() if action.project == call.project)
        return _page(call, [action for action in own if action.resources[0][0] == kind])

    return route


def _one(call: Call) -> Reply:
    action = call.emulator.world.actions.get(call.id("action"))
    if action is None or action.project != call.project:
        raise not_found("action", call.ids[0])
    return Reply(body={"action": action_view(action, call.now)})


def _server_actions(call: Call) -> list[Action]:
    server = call.emulator.world.servers.get(call.id("server"))
    if server is None or server.project != call.project:
        raise not_found("server", call.ids[0])
    return call.emulator.world.actions_of(server.id)


def _of_server(call: Call) -> Reply:
    return _page(call, _server_actions(call))


def _one_of_server(call: Call) -> Reply:
    ident = call.id("action", 1)
    for action in _server_actions(call):
        if action.id == ident:
            return Reply(body={"action": action_view(action, call.now)})
    raise not_found("action", ident)


ROUTES = [
    Route("GET", "/actions", _every),
    Route("GET", "/actions/{}", _one),
    Route("GET", "/servers/actions", _all_of("server")),
    Route("GET", "/servers/actions/{}", _one),
    Route("GET", "/servers/{}/actions", _of_server),
    Route("GET", "/servers/{}/actions/{}", _one_of_server),
    Route("GET", "/images/actions", _all_of("image")),
    Route("GET", "/images/actions/{}", _one),
]
