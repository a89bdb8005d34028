"""The tag of an answer, so that asking again costs nothing while nothing has changed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

TICKING = frozenset({"seconds_left", "cost"})
"""What changes by the mere passing of time: a tag that moved with it would be of no use."""


def etag(document: Mapping[str, Any], *versions: int) -> str:
    """A weak tag over all that does not tick, and over the versions of the items it came from."""
    still = {name: value for name, value in document.items() if name not in TICKING}
    still["stages"] = [each["name"] for each in document.get("stages", [])]
    text = json.dumps([still, versions], sort_keys=True, separators=(",", ":"))
    return f'W/"{hashlib.sha256(text.encode()).hexdigest()[:24]}"'


def matches(tag: str, if_none_match: str | None) -> bool:
    """Whether the caller has this version (RFC 9110 section 13.1.2, weak comparison)."""
    if if_none_match is None:
        return False
    given = [each.strip() for each in if_none_match.split(",")]
    return "*" in given or tag.removeprefix("W/") in {each.removeprefix("W/") for each in given}
