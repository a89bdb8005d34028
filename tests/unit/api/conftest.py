"""A fresh API for every test that asks for one."""

from __future__ import annotations

import pytest

from tests.unit.api.world import Api, make_api


@pytest.fixture
def api() -> Api:
    """The API with its usual settings."""
    return make_api()
