"""A missing program: skipped where a person works, a failure where CI runs."""

from __future__ import annotations

import pytest

from tests.missing import VARIABLE, without


@pytest.mark.parametrize("value", ["", "false", "1"])
def test_on_somebodys_machine_a_test_is_skipped(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    """Without `CI=true` it is a skip with its reason."""
    monkeypatch.setenv(VARIABLE, value)
    with pytest.raises(pytest.skip.Exception, match="no Java"):
        without("no Java")


def test_in_ci_it_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """With `CI=true` the same is a failure that names the switch."""
    monkeypatch.setenv(VARIABLE, "true")
    with pytest.raises(pytest.fail.Exception, match=r"no Java.*CI=true"):
        without("no Java")
