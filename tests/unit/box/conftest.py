"""A machine and a service for every test that asks for them; without curl and jq there is nothing to run."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.box.machine import NEEDED, Machine
from tests.unit.box.service import Service, serving


@pytest.fixture
def service() -> Iterator[Service]:
    """A service that knows of no end yet."""
    with serving() as started:
        yield started


@pytest.fixture
def machine(tmp_path: Path, service: Service) -> Machine:
    """A machine whose record names the service."""
    if missing := [name for name in NEEDED if shutil.which(name) is None]:
        pytest.skip(f"ccc-box needs {' and '.join(missing)}, and the machine has it not")
    made = Machine(tmp_path / "machine")
    made.keep_record(service.url)
    return made
