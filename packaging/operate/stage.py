"""The names that follow from a stage's name: its stack, its parameters, its bucket, its artefact.

The template takes the stage's name out of the stack's (docs/template.md), so a stage has no hyphen in its name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from operate.failure import OperateFailed

ROOT = Path(__file__).resolve().parents[2]
NAME = re.compile(r"[a-z][a-z0-9]{0,15}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A stage by its name (`prod`); OperateFailed when that is none. `out` is the folder above the artefact's."""

    name: str
    out: Path = ROOT / "out"

    def __post_init__(self) -> None:
        if not NAME.fullmatch(self.name):
            raise OperateFailed("The name of a stage is small letters and digits, at most 16.", "STAGE=prod")

    @property
    def stack(self) -> str:
        """The CloudFormation stack."""
        return f"ccc-{self.name}"

    @property
    def api(self) -> str:
        """The function that answers people."""
        return f"{self.stack}-api"

    @property
    def path(self) -> str:
        """Beneath which the parameters lie in SSM."""
        return f"/ccc/{self.name}"

    @property
    def place(self) -> Path:
        """Where the artefact lies."""
        return self.out / self.name

    def bucket(self, account: str, region: str) -> str:
        """The deployment bucket; names of buckets are unique among all accounts, so it holds the account's number."""
        return f"ccc-{self.name}-artefacts-{account}-{region}"
