"""Environment variables for as long as a block lasts: what the product and botocore read, and nothing beside it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def given(**variables: str) -> Iterator[None]:
    """Set variables of this process; afterwards the whole environment is as it was."""
    environment = os.environ  # noqa: TID251 -- the product is measured as it is: it reads its settings from there
    before = dict(environment)
    environment.update(variables)
    try:
        yield
    finally:
        environment.clear()
        environment.update(before)
