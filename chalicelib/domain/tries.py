"""How often a machine was tried to be made: the number that people are told, of `MAX_ATTEMPTS` at most.

An attempt that no builder was ever seen at work for is no try: `Build.unrun` counts those before the newest one, and
an instance that failed for want of a builder ended with another.
"""

from __future__ import annotations

from chalicelib.domain.build import Cause
from chalicelib.domain.instance import Instance


def tries(instance: Instance) -> int:
    """The tries begun up to now, the present one among them; 0 before the first."""
    build = instance.build
    if build is None:
        return 0
    never_ran = instance.failure is not None and instance.failure.code == Cause.NO_BUILDER
    return build.attempt - build.unrun - never_ran
