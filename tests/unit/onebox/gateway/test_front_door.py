"""What a browser asks for by itself."""

from __future__ import annotations

import pytest

from onebox.gateway.front_door import FrontDoor
from tests.unit.onebox.gateway.served import served, small_app

HTML = "text/html,application/xhtml+xml,*/*;q=0.8"


@pytest.mark.parametrize(("prefix", "path"), [("", "/"), ("/api", "/api"), ("/api", "/api/")])
def test_a_browser_is_sent_to_the_machines_page(prefix: str, path: str) -> None:
    """Under the public URL's path, as long as there is nothing else; a script gets its 404."""
    with served(small_app(), prefix=prefix, first=FrontDoor(has=lambda _: False, prefix=prefix).answer) as wire:
        for method in ("GET", "HEAD"):
            reply = wire.request(method, path, Accept=HTML)
            assert (reply.status, reply.headers["location"]) == (302, f"{prefix}/onebox")
        assert wire.request("GET", path, Accept="application/json").json["code"] == "not_found"
        assert wire.request("GET", path).status == 404
        assert wire.request("POST", path, b"", Accept=HTML).status == 404


def test_there_is_no_icon_and_that_is_no_error() -> None:
    """Every browser asks for it."""
    with served(small_app(), first=FrontDoor(has=lambda _: False).answer) as wire:
        reply = wire.request("GET", "/favicon.ico")
        assert (reply.status, reply.body) == (204, b"")


def test_a_page_of_the_products_own_comes_first() -> None:
    """Once the product answers the path, it does."""
    app = small_app()

    @app.route("/")
    def home() -> str:
        return "home"

    with served(app, first=FrontDoor(has=lambda path: path in app.routes).answer) as wire:
        assert wire.request("GET", "/", Accept=HTML).body == b"home"
