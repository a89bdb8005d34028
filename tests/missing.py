"""What a test does without a program that it needs: it is skipped on somebody's machine and fails where CI runs.

CI says so with `CI=true`, as the usual services do by themselves: there a tool that has gone missing must be noticed.
"""

from __future__ import annotations

import os
from typing import NoReturn

import pytest

VARIABLE = "CI"


def without(why: str) -> NoReturn:
    """End the test: `why` says what is missing and how it is had."""
    if os.environ.get(VARIABLE) == "true":  # noqa: TID251 -- a switch of the tests, not a setting of the product
        pytest.fail(f"{why} ({VARIABLE}=true: nothing is skipped here)", pytrace=False)
    pytest.skip(why)
