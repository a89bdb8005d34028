"""The order of the tests: whole stacks first, since they wait the most and would else be waited for at the end.

And what no test may leave to the next one.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def short_user_agent() -> Iterator[None]:
    """Each app that is made adds its framework's name to this variable, which botocore sends with every request.

    Chalice does so for the one app of a process. After the four hundred of a test run DynamoDB Local answers 413.
    """
    yield
    os.environ.pop("AWS_EXECUTION_ENV", None)  # noqa: TID251 -- what the framework wrote, not a setting of the product


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with tests/stack; everything else stays in its order."""
    items.sort(key=lambda item: "/tests/stack/" not in str(item.path))
