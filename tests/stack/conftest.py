"""One box for the tests that only look at it, the guest's key they use, and a browser."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.stack.box import STACK, Box, running
from tests.stack.browsing import chromium
from tests.stack.one_box_alone import reason


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """With STACK=aws, leave out what is one box's alone."""
    for item in items if STACK == "aws" else ():
        if why := reason(item.nodeid):
            item.add_marker(pytest.mark.skip(reason=why))


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestKey:
    """An ed25519 key made for this run: its file, and the line of its public half."""

    path: Path
    public: str


@pytest.fixture(scope="session")
def guest_key(tmp_path_factory: pytest.TempPathFactory) -> GuestKey:
    """A guest's key pair."""
    path = tmp_path_factory.mktemp("guest") / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path)], check=True)
    return GuestKey(path=path, public=path.with_suffix(".pub").read_text().strip())


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    """A box that all tests of one module share; the blanks in its path are what a user's folder may have too."""
    with running(tmp_path_factory.mktemp("a box") / "its var") as started:
        yield started


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all tests of a module; a person in it starts with nothing.

    It does not live longer: its driver keeps an event loop running, over which tests of other modules would stumble.
    """
    with chromium() as started:
        yield started
