"""A service on 127.0.0.1, a home of its own for every test, and `ccc` in this process."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ccc.entry import run
from tests.unit.ccc.command_line import Done
from tests.unit.ccc.guest_service import GuestService
from tests.unit.ccc.service import TOKEN

Ccc = Callable[..., Done]


@pytest.fixture
def service() -> Iterator[GuestService]:
    """A running service without instances."""
    with GuestService() as running:
        yield running


@pytest.fixture
def environment(service: GuestService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The environment of a person who may use the service; also set for this process."""
    chosen = {
        "PATH": os.environ["PATH"],  # noqa: TID251 programs are found where the test run finds them
        "HOME": str(tmp_path / "home"),
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "XDG_STATE_HOME": str(tmp_path / "state"),
        "CCC_URL": service.url,
        "CCC_TOKEN": TOKEN,
        "LANG": "C.UTF-8",
        "TZ": "UTC",
    }
    for name in (
        *("NO_COLOR", "BROWSER", "TERM", "SHELL", "CCC_PROGRAM", "COLUMNS", "_CCC_COMPLETE"),
        *("HCLOUD_TOKEN", "HCLOUD_ENDPOINT", "CCC_STORE_PATHS", "CCC_KEXEC", "CCC_KEXEC_SHA256", "CCC_PUBLIC_URL"),
    ):
        monkeypatch.delenv(name, raising=False)
    for name, value in chosen.items():
        monkeypatch.setenv(name, value)
    return chosen


@pytest.fixture
def ccc(environment: dict[str, str], capsys: pytest.CaptureFixture[str]) -> Ccc:
    """Run a command line in this process and return how it ended."""

    def call(*arguments: str) -> Done:
        capsys.readouterr()
        code = run(list(arguments))
        captured = capsys.readouterr()
        return Done(code=code, out=captured.out, err=captured.err)

    return call
