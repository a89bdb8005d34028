"""One thing that was looked for: what is there, whether it will do, and the command that mends it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """`found` is a sentence without its full stop; `remedy` a command, None where all is well."""

    name: str
    found: str
    remedy: str | None = None

    @property
    def good(self) -> bool:
        """Whether nothing has to be done."""
        return self.remedy is None

    def document(self) -> dict[str, str | None]:
        """The finding as JSON has it."""
        return {"name": self.name, "found": self.found, "remedy": self.remedy}
