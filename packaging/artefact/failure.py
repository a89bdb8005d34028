"""The errors of packaging: a sentence for the person who typed the command."""

from __future__ import annotations


class PackagingFailed(Exception):
    """The artefact could not be made; what stood in its place before is untouched. The text says why."""


class IndexUnreachable(PackagingFailed):
    """A library is not in the cache, and no package index answers."""
