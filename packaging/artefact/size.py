"""How big the artefact is, against what Lambda takes and against what we want: size is time at a cold start."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

MB = 1_000_000
LIMITS = (50 * MB, 250 * MB)
"""Bytes that Lambda takes of an archive uploaded directly, and unpacked.

https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
"""
BUDGETS = (22 * MB, 65 * MB)
"""Bytes that we allow ourselves; exceeding them is an error until somebody has looked what has grown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """Bytes of the archive, bytes of what is in it, and the number of its files."""

    packed: int
    unpacked: int
    files: int

    def told(self) -> Iterator[str]:
        """A line for each of the two, with limit and budget in megabytes."""
        figures = zip(("packed", "unpacked"), (self.packed, self.unpacked), LIMITS, BUDGETS, strict=True)
        for name, found, limit, budget in figures:
            yield f"{name} {found / MB:.1f} MB (budget {budget // MB}, limit {limit // MB})"

    def exceeded(self) -> list[str]:
        """What is over its budget, as sentences."""
        pairs = zip(self.told(), (self.packed, self.unpacked), BUDGETS, strict=True)
        return [f"The artefact is too big: {told}." for told, found, budget in pairs if found > budget]


def of_archive(path: Path) -> Size:
    """The size of an archive on disk."""
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
    return Size(packed=path.stat().st_size, unpacked=sum(each.file_size for each in entries), files=len(entries))
