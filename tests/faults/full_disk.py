"""A disk that takes nothing more, for whoever may not mount one: no file of this process can grow by a byte.

The system refuses every write with EFBIG (Python ignores the signal that comes with it), in the files of SQLite, of the
mailbox and of anybody else. Reading goes on, and so does what is only in memory.
"""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def full_disk() -> Iterator[None]:
    """Nothing can be written to any file for a while."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
