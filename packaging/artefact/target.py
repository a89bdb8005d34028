"""For which machine is packaged: Lambda's x86_64 with the interpreter that packages.

The interpreter must be the same one, since Chalice writes it into the template as the runtime, its byte code is
shipped, and the requirements' markers are read by it. Nothing here runs anything.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

from artefact.failure import PackagingFailed

GLIBC = {(3, 11): 26, (3, 12): 34, (3, 13): 34}
"""The minor version of glibc 2 below each runtime: 3.11 is on Amazon Linux 2, the others on Amazon Linux 2023.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
"""
OLDEST_GLIBC = 17
"""What `manylinux2014` means (PEP 599); older wheels say so by names of their own."""
OLDER_PLATFORMS = ("manylinux2014_x86_64", "manylinux2010_x86_64", "manylinux1_x86_64")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A Python runtime of Lambda on x86_64."""

    major: int
    minor: int

    @property
    def runtime(self) -> str:
        """The name that Lambda has for it: `python3.11`."""
        return f"python{self.major}.{self.minor}"

    @property
    def platforms(self) -> tuple[str, ...]:
        """The platform tags of the wheels that run there, newest first (PEP 600)."""
        newest = GLIBC[self.major, self.minor]
        perennial = (f"manylinux_2_{minor}_x86_64" for minor in range(newest, OLDEST_GLIBC - 1, -1))
        return (*perennial, *OLDER_PLATFORMS)

    def pip_options(self) -> list[str]:
        """What makes pip choose wheels for this runtime, and nothing that has to be built."""
        platforms = [option for each in self.platforms for option in ("--platform", each)]
        version = f"{self.major}.{self.minor}"
        return ["--only-binary=:all:", "--implementation", "cp", "--python-version", version, *platforms]


def of_this_interpreter() -> Target:
    """The target that this interpreter can package for; PackagingFailed when Lambda has no such runtime."""
    version = sys.version_info[:2]
    if version not in GLIBC or sys.implementation.name != "cpython":
        wanted = ", ".join(f"{major}.{minor}" for major, minor in GLIBC)
        raise PackagingFailed(f"Lambda has no runtime for this interpreter; package with CPython {wanted}.")
    return Target(major=version[0], minor=version[1])
