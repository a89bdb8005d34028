"""The order of the tests: whole stacks first, since they wait the most and would else be waited for at the end."""

from __future__ import annotations

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with tests/stack; everything else stays in its order."""
    items.sort(key=lambda item: "/tests/stack/" not in str(item.path))
