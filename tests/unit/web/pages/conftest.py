"""A fresh service for every test that asks for one."""

from __future__ import annotations

import pytest

from tests.unit.api.world import Api
from tests.unit.web.pages.shop import open_api


@pytest.fixture
def shop() -> Api:
    """An API where strangers may sign up."""
    return open_api()
