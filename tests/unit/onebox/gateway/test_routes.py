"""Which resource a path means."""

from __future__ import annotations

import pytest

from onebox.gateway.routes import Routes

ROUTES = Routes(["/", "/instances", "/instances/{id}", "/instances/{id}/log", "/instances/newest", "/{page}"])


@pytest.mark.parametrize(
    ("path", "resource", "values"),
    [
        ("/", "/", {}),
        ("/instances", "/instances", {}),
        ("/instances/", "/instances", {}),
        ("/instances/0123", "/instances/{id}", {"id": "0123"}),
        ("/instances/newest", "/instances/newest", {}),
        ("/instances/a%2Fb/log", "/instances/{id}/log", {"id": "a/b"}),
        ("/instances/%00", "/instances/{id}", {"id": "\0"}),
        ("/instances/%ff", "/instances/{id}", {"id": "\ufffd"}),
        ("/anything", "/{page}", {"page": "anything"}),
    ],
)
def test_a_path_leads_to_its_resource(path: str, resource: str, values: dict[str, str]) -> None:
    """A literal segment wins, one trailing slash is ignored, and values are decoded after the split."""
    match = ROUTES.match(path)
    assert match is not None
    assert (match.resource, match.values) == (resource, values)


@pytest.mark.parametrize("path", ["/instances/1/2", "/instances/1/log/x", "//instances/x/y", "/a/b/c/d"])
def test_other_paths_lead_nowhere(path: str) -> None:
    """Neither more nor fewer segments fit."""
    assert ROUTES.match(path) is None
