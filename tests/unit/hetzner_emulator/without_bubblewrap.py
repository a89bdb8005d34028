"""A PATH on which everything is but bubblewrap, for emulators that must do without a sandbox."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from hetzner_emulator.guest.shelter import shelter_for


def path_without_bubblewrap(folder: Path) -> str:
    """Fill a new folder with links to all the caller's programs but that one, and return it as a PATH."""
    folder.mkdir()
    for place in os.environ["PATH"].split(os.pathsep):  # noqa: TID251 -- the caller's PATH is the child's
        for program in Path(place).iterdir() if os.access(place, os.R_OK | os.X_OK) else ():
            link = folder / program.name
            if program.name != "bwrap" and not link.is_symlink():
                link.symlink_to(program)
    return str(folder)


def clear_shelter(state: Path) -> None:
    """Remove what such an emulator, run by root, keeps of its guests outside of its state folder."""
    shutil.rmtree(shelter_for(state.resolve()))
