"""Finds the route of a path: literal segments before variable ones, 404 before 405."""

from hetzner_emulator.call import Handler, Route
from hetzner_emulator.errors import ApiError, no_route


class Router:
    """All routes, by number of segments."""

    def __init__(self, routes: list[Route]) -> None:
        self._by_length: dict[int, list[tuple[tuple[str, ...], str, Handler]]] = {}
        for route in sorted(routes, key=lambda route: route.path.count("{}")):
            segments = tuple(route.path.strip("/").split("/"))
            self._by_length.setdefault(len(segments), []).append((segments, route.method, route.handler))

    def find(self, method: str, path: str) -> tuple[Handler, tuple[str, ...]]:
        """Return the handler and the variable parts of `path`."""
        parts = path.strip("/").split("/")
        allowed = set()
        wanted = "GET" if method == "HEAD" else method
        for segments, offered, handler in self._by_length.get(len(parts), []):
            if all(want in ("{}", have) for want, have in zip(segments, parts, strict=True)):
                if offered == wanted:
                    ids = (have for want, have in zip(segments, parts, strict=True) if want == "{}")
                    return handler, tuple(ids)
                allowed.add(offered)
        if allowed:
            raise ApiError(405, "method_not_allowed", "method not allowed", None, {"Allow": ", ".join(sorted(allowed))})
        raise no_route()
