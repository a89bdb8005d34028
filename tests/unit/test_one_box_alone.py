"""The table of tests that the rehearsed cloud cannot run names files that there are."""

from __future__ import annotations

from pathlib import Path

from tests.stack.one_box_alone import REASONS, reason

FOLDER = Path(__file__).parents[1] / "stack"


def test_every_name_is_a_file() -> None:
    """A test that was renamed does not stay in the table."""
    assert [name for name in REASONS if not (FOLDER / name).is_file()] == []


def test_a_test_is_found_by_its_id() -> None:
    """What is in the table has its reason, all else has none."""
    assert reason("tests/stack/test_dynamodb.py::test_main_job_on_dynamodb")
    assert reason("tests/stack/test_main_job.py::test_seed_script") is None
