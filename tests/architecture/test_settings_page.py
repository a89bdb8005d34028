"""The page of settings names every variable that the service or one box reads."""

from __future__ import annotations

import ast
import re

import pytest

from tests.architecture.source import ROOT, parsed

VARIABLE = re.compile(r"CCC_[A-Z_]+")
READERS = ("chalicelib/config/settings.py", "onebox/settings.py", "onebox/product_environment.py")

OF_OTHERS = {
    "CCC_EMULATOR_SSH": "one box tells its own emulator",
    "CCC_STORE_PATHS": "one box tells its own builder",
    "CCC_KEXEC": "one box tells its own builder",
}


def _read() -> set[str]:
    texts = (
        node.value
        for reader in READERS
        for node in ast.walk(parsed(ROOT / reader))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )
    return {text for text in texts if VARIABLE.fullmatch(text)}


@pytest.mark.parametrize("name", sorted(_read() - set(OF_OTHERS)))
def test_every_setting_is_explained(name: str) -> None:
    """A variable that somebody may set is on the page."""
    assert f"`{name}`" in (ROOT / "docs/settings.md").read_text(encoding="utf-8")
