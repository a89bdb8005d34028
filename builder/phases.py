"""What nixos-anywhere's progress lines mean: the phase that begins, and the cause if nothing follows.

The titles are those of nixos-anywhere 1.13 (`step` in src/nixos-anywhere.sh); a title that is not here changes nothing,
so a newer release can only make the picture coarser. Every title is told on as it is (`title_of`), known or not.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from chalicelib.domain.build import Cause, Phase

_LINE = re.compile(r"### (?P<title>.+?) ###\s*\Z")

HOST_KEY_REFUSED = "Host key verification failed."
"""OpenSSH's words when the pinned key is not the one that answers."""

DONE = "Done!"
"""The title at the end of every run: nothing begins with it, and the build goes on."""

STILL_THE_OLD_SYSTEM = "Failed to kexec into NixOS installer"
"""nixos-anywhere's words when the machine came back as what it was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One stretch of a run: its title, the phase it belongs to, and why a build fails that ends in it."""

    title: str
    phase: Phase
    cause: Cause


KEXEC_RUN = Step(title="(beginning of kexec)", phase=Phase.KEXEC, cause=Cause.KEXEC_FAILED)
INSTALL_RUN = Step(title="(beginning of the installation)", phase=Phase.DISKO, cause=Cause.COPY_FAILED)
"""Before the first disk step only the disko script is copied."""

REBOOT_RUN = Step(title="(beginning of the reboot)", phase=Phase.INSTALL, cause=Cause.NEVER_BACK)

_STEPS = {
    step.title: step
    for step in (
        Step(title="Switching system into kexec", phase=Phase.KEXEC, cause=Cause.KEXEC_FAILED),
        Step(title="Formatting hard drive with disko", phase=Phase.DISKO, cause=Cause.DISK),
        Step(title="Uploading the system closure", phase=Phase.COPY, cause=Cause.COPY_FAILED),
        Step(title="Copying extra files", phase=Phase.COPY, cause=Cause.COPY_FAILED),
        Step(title="Installing NixOS", phase=Phase.INSTALL, cause=Cause.INSTALL_FAILED),
        Step(title="Rebooting", phase=Phase.REBOOT, cause=Cause.NEVER_BACK),
    )
}


def title_of(line: str) -> str | None:
    """The title in a line of progress; None for any other line."""
    found = _LINE.match(line.strip())
    return found["title"] if found else None


def step_of(line: str) -> Step | None:
    """The step that a line of output begins, if it begins one we know."""
    title = title_of(line)
    return None if title is None else _STEPS.get(title)
