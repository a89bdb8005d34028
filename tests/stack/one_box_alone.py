"""Which tests of this folder cannot run on the rehearsed cloud (`STACK=aws`), each with its reason; all others can."""

from __future__ import annotations

REASONS = {
    "test_box_on_machine.py": "it builds with nix what one box installs; the functions have no part in it",
    "test_published_nixos_anywhere.py": "it tries another installer on one box; the functions have no part in it",
    "test_dynamodb.py": "it is one box on DynamoDB Local; the rehearsal always is",
}


def reason(node_id: str) -> str | None:
    """Why a test, by its id, is one box's alone; None for one that runs everywhere."""
    _, _, inside = node_id.partition("tests/stack/")
    return next((why for beginning, why in REASONS.items() if inside.startswith(beginning)), None)
