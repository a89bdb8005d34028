"""What one stack has at the provider, found by its labels alone, and how all of it is removed.

It speaks the provider's API itself: what removes the leavings of the product must not rely on the product.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import Request, urlopen

REAL = "https://api.hetzner.cloud/v1"
KINDS = ("servers", "ssh_keys")
ALL = (
    *KINDS,
    *("primary_ips", "volumes", "firewalls", "floating_ips", "networks", "load_balancers", "placement_groups"),
    *("certificates", "images"),
)
"""Every kind of thing that a project can have and that costs money or opens a way in."""

TWICE = 2

AWAY = (OSError, HTTPException, ValueError)
"""Refused, unreachable, cut off, or an answer that is some proxy's."""


def stack_of(home: Path) -> str | None:
    """The uuid that a box labels everything with; None when it never came so far, and so has bought nothing."""
    if not (home / "ccc.db").exists():
        return None
    with closing(sqlite3.connect(home / "ccc.db", timeout=10)) as table:
        found = table.execute("SELECT body FROM items WHERE key = 'stack'").fetchone()
    return str(json.loads(found[0])["uuid"]) if found else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A project at the provider; `endpoint` ends in /v1. `pause` is in seconds, between two looks; lists have pages."""

    token: str = field(repr=False)
    endpoint: str = REAL
    pause: float = 5.0
    per_page: int = 50

    def left(self, stack: str) -> list[str]:
        """Path and name of every server and SSH key with the stack's labels; OSError when the provider is away."""
        return [f"/{kind}/{one['id']} {one['name']}" for kind in KINDS for one in self._labelled(kind, stack)]

    def everything(self) -> frozenset[str]:
        """Path and name of all that the project has and that costs or opens something, whatever its labels."""
        return frozenset(
            f"/{kind}/{one['id']} {one['name'] or one.get('description')}"
            for kind in ALL
            for one in self._listed(kind, {})
        )

    def new_since(self, before: frozenset[str]) -> list[str]:
        """What is there now and was not before: addresses and disks carry none of our labels, and are paid for."""
        return sorted(self.everything() - before)

    def left_since(self, before: frozenset[str], *, but: str | None = None, within: float = 60.0) -> list[str]:
        """What is new and stays so for that many seconds, except one thing by its name: addresses go after servers."""
        end = time.monotonic() + within
        while True:
            left = [line for line in self.new_since(before) if line.partition(" ")[2] != but]
            if not left or time.monotonic() >= end:
                return left
            time.sleep(self.pause)

    def servers(self, stack: str) -> list[str]:
        """The same for servers alone."""
        return [line for line in self.left(stack) if line.startswith("/servers/")]

    def remove(self, stack: str, *, within: float = 180.0) -> None:
        """Delete everything of the stack and look until nothing has been there twice in a row.

        Twice, since a request that was under way when its sender died may still have its effect. AssertionError after
        `within` seconds names what is left, and so what goes on costing money.
        """
        end, empty, left = time.monotonic() + within, 0, []
        while empty < TWICE and time.monotonic() < end:
            try:
                left = self.left(stack)
                empty = 0 if left else empty + 1
            except AWAY:
                empty = 0
            for line in left:
                self._delete(line.split()[0])
            time.sleep(self.pause)
        assert empty == TWICE, f"STILL THERE, with the label ccc-stack={stack}: {', '.join(left) or 'unknown'}"

    def _delete(self, path: str) -> None:
        """Ask for one deletion; what is refused, locked or lost is asked again after the next look."""
        with suppress(*AWAY):
            self.call("DELETE", path)

    def _labelled(self, kind: str, stack: str) -> list[dict[str, Any]]:
        return self._listed(kind, {"label_selector": f"managed-by=ccc,ccc-stack={stack}"})

    def _listed(self, kind: str, chosen: Mapping[str, str]) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        page: int | None = 1
        while page is not None:
            only = [("type", "snapshot"), ("type", "backup")] if kind == "images" else []  # not the provider's own
            query = urlencode([*chosen.items(), *only, ("per_page", self.per_page), ("page", page)])
            answer = self.call("GET", f"/{kind}?{query}")
            found += answer[kind]
            page = answer["meta"]["pagination"]["next_page"]
        return found

    def call(self, method: str, path: str) -> dict[str, Any]:
        """One request; the JSON answer. What being away looks like is in `AWAY`."""
        request = Request(  # noqa: S310 -- the provider's https address, or an emulator on loopback
            self.endpoint + path, method=method, headers={"Authorization": f"Bearer {self.token}"}
        )
        with urlopen(request, timeout=30) as answer:  # noqa: S310 -- same
            return dict(json.loads(answer.read() or b"{}"))
