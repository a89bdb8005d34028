"""The page about the template is true to it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

PAGE = Path(__file__).resolve().parents[3] / "docs" / "template.md"


def rows() -> dict[str, str]:
    """What the page's table says of each parameter's default."""
    found = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \| ([^|]+) \|", PAGE.read_text("utf-8"), re.MULTILINE)
    return {name: default.strip("` ") for names, default in found for name in re.findall(r"\w+", names)}


def test_every_parameter_is_on_the_page(template: dict[str, Any]) -> None:
    """The table has all parameters, no others, and their defaults; a word stands for an empty one."""
    told, parameters = rows(), template["Parameters"]
    assert set(told) == set(parameters)
    for name, parameter in parameters.items():
        assert told[name] == (parameter["Default"] or told[name]), name
    assert {told[name] for name in told if not parameters[name]["Default"]} == {"none", "nobody", "the API's own"}


def test_every_parameter_is_used(template: dict[str, Any]) -> None:
    """No parameter decides nothing, and no condition either."""
    text = str({name: template[name] for name in ("Conditions", "Resources", "Outputs")})
    for name in template["Parameters"]:
        assert f"'Ref': '{name}'" in text or f"${{{name}}}" in text, name
    used = str({name: template[name] for name in ("Resources", "Outputs")})
    for name in template["Conditions"]:
        assert f"'{name}'" in used, name
    for name in template["Parameters"]:
        assert not re.search(r"[Pp]assword|[Ss]ecret|[Tt]oken", name), "a secret is no parameter"
