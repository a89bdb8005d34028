"""A small registry of images on loopback: lists of manifests by name and tag, for who brings the token it gives out."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, urlsplit

from tests.quiet_server import QuietServer

INDEX = "application/vnd.oci.image.index.v1+json"


@dataclass(slots=True)
class ImageRegistry:
    """`images` are bodies by `name:tag`; `asked` the scopes a token was given for. `url` is set while it listens."""

    url: str = ""
    images: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    challenge: str | None = None
    token_status: int = 200
    says: str | None = None
    tokens: dict[str, str] = field(default_factory=dict)

    def put(self, image: str) -> str:
        """Have a list of two platforms' images under `name:tag`; its digest."""
        manifests = [
            {"platform": {"architecture": kind}, "digest": secrets.token_hex(32)} for kind in ("amd64", "arm64")
        ]
        self.images[image] = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests}).encode()
        return f"sha256:{hashlib.sha256(self.images[image]).hexdigest()}"

    def scope(self, path: str) -> str:
        """The right that reading a path of the API takes."""
        return f"repository:{path.removeprefix('/v2/').partition('/manifests/')[0]}:pull"


@contextmanager
def image_registry() -> Iterator[ImageRegistry]:
    """A registry that listens on a free port."""
    registry = ImageRegistry()
    with QuietServer(_handler(registry)) as server:
        registry.url = server.root
        yield registry


def _handler(registry: ImageRegistry) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            if parts.path == "/token":
                self._give_token(parse_qs(parts.query))
            elif self.headers["Authorization"] != f"Bearer {registry.tokens.get(registry.scope(parts.path))}":
                scope = f'realm="{registry.url}/token",service="registry.test",scope="{registry.scope(parts.path)}"'
                self._answer(401, b"{}", {"WWW-Authenticate": registry.challenge or f"Bearer {scope}"})
            else:
                self._give_manifest(parts.path)

        def _give_token(self, query: dict[str, list[str]]) -> None:
            (scope,), (service,) = query["scope"], query["service"]
            registry.asked.append(scope)
            registry.tokens[scope] = secrets.token_hex(8)
            body = json.dumps({"token": registry.tokens[scope]}).encode() if service == "registry.test" else b"{}"
            self._answer(registry.token_status, body, {})

        def _give_manifest(self, path: str) -> None:
            body = registry.images.get(path.removeprefix("/v2/").replace("/manifests/", ":"))
            if body is None or INDEX not in self.headers["Accept"]:
                self._answer(404, b'{"errors": [{"code": "MANIFEST_UNKNOWN"}]}', {})
                return
            says = registry.says or f"sha256:{hashlib.sha256(body).hexdigest()}"
            self._answer(200, body, {"Docker-Content-Digest": says})

        def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the standard library's name
            """Say nothing."""

    return Handler
