"""A provider in this process for the rows that the emulator tells apart better than a fake."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.simulation.emulated import EmulatedWorld, Provider, provider_in


@pytest.fixture
def provider(tmp_path: Path) -> Iterator[Provider]:
    """An emulator behind the unmodified hcloud library, on a clock that stands still."""
    with provider_in(tmp_path) as running:
        yield running


@pytest.fixture
def stack(provider: Provider) -> EmulatedWorld:
    """A whole stack with a project of its own at that provider."""
    return EmulatedWorld(provider)
