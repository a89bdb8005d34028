"""Emulators to test against: one without SSH for the API, one with, each started once."""

from collections.abc import Iterator

import asyncssh
import pytest

from tests.unit.hetzner_emulator.running import Api, Emulator


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """An emulator without SSH whose servers are ready at once."""
    running = Emulator(tmp_path_factory.mktemp("api"), "--ssh", "off", "--latency", "0")
    yield running
    running.end()


@pytest.fixture
def api(emulator: Emulator) -> Iterator[Api]:
    """A client of a project of its own; no fault outlives the test."""
    client = emulator.project()
    yield client
    client.call("DELETE", "/_emulator/faults")


@pytest.fixture(scope="session")
def real_pace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """An emulator without SSH, as slow as the real provider: only its clock makes time pass."""
    running = Emulator(tmp_path_factory.mktemp("slow"), "--ssh", "off", "--latency", "1")
    yield running
    running.end()


@pytest.fixture
def slow(real_pace: Emulator) -> Emulator:
    """The same, for one test: its clock stands still but where the test moves it."""
    real_pace.stop_clock()
    return real_pace


@pytest.fixture(scope="session")
def machines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """An emulator with SSH, a hundred times faster than the real provider."""
    running = Emulator(tmp_path_factory.mktemp("ssh"), "--latency", "0.005")
    yield running
    running.end()


@pytest.fixture
def public_key() -> str:
    """A fresh public key."""
    return asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode().strip()
