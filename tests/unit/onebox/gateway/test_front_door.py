"""What a browser asks for by itself."""

from __future__ import annotations

import pytest

from onebox.gateway.front_door import FrontDoor
from tests.unit.onebox.gateway.served import served, small_app

HTML = "text/html,application/xhtml+xml,*/*;q=0.8"


@pytest.mark.parametrize(("prefix", "path"), [("", "/favicon.ico"), ("/api", "/api/favicon.ico")])
def test_there_is_no_icon_and_that_is_no_error(prefix: str, path: str) -> None:
    """Browsers ask for it when a room's page names none, and the answer is empty and kept for a day."""
    with served(small_app(), prefix=prefix, first=FrontDoor(has=lambda _: False).answer) as wire:
        for method in ("GET", "HEAD"):
            reply = wire.request(method, path)
            assert (reply.status, reply.body, reply.headers["cache-control"]) == (204, b"", "max-age=86400")
        assert wire.request("POST", path, b"").status == 404


def test_the_front_page_is_the_products_own() -> None:
    """The gateway has nothing of its own at `/`: the product answers it, or nobody."""
    app = small_app()

    @app.route("/")
    def home() -> str:
        return "home"

    with served(app, first=FrontDoor(has=lambda path: path in app.routes).answer) as wire:
        assert wire.request("GET", "/", Accept=HTML).body == b"home"
    with served(small_app(), first=FrontDoor(has=lambda _: False).answer) as wire:
        assert wire.request("GET", "/", Accept=HTML).status == 404


def test_an_icon_of_the_products_own_comes_first() -> None:
    """Once the product has an icon at that path, it is the one that is given."""
    app = small_app()

    @app.route("/favicon.ico")
    def icon() -> str:
        return "icon"

    with served(app, first=FrontDoor(has=lambda path: path in app.routes).answer) as wire:
        assert wire.request("GET", "/favicon.ico").body == b"icon"


@pytest.mark.parametrize(
    ("host", "led"), [("127.0.0.1:8000", True), ("localhost:8000", False), ("example.org:8000", False)]
)
def test_a_browser_is_led_to_the_name_that_forms_are_taken_from(host: str, *, led: bool) -> None:
    """Whoever opens a page as 127.0.0.1 is sent to the public URL; programs and other names are left alone."""
    with served(small_app(), first=FrontDoor(has=lambda _: True, public_url="http://localhost:8000").answer) as wire:
        reply = wire.request("GET", "/confirm/a/b?x=1", Accept=HTML, Host=host)
        assert (reply.status == 307) is led
        assert reply.headers.get("location") == ("http://localhost:8000/confirm/a/b?x=1" if led else None)
        assert wire.request("GET", "/confirm/a/b", Accept="application/json", Host=host).status != 307
        assert wire.request("POST", "/confirm/a/b", b"", Accept=HTML, Host=host).status != 307
