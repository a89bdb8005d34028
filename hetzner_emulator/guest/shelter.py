"""A folder an unprivileged user can reach, for guests without a sandbox when the state is closed to others.

Only used when the emulator runs as root and cannot make a sandbox: the guest is then another user, and a state
folder below a private one could not be entered. It is named for the state, so a restart finds it again.
"""

import os
import tempfile
import zlib
from pathlib import Path

_PASSABLE = 0o001


def reachable(folder: Path) -> bool:
    """Tell whether everybody may pass through a folder and all above it."""
    return all(path.stat().st_mode & _PASSABLE for path in (folder, *folder.parents))


def shelter_for(state: Path) -> Path:
    """Return the open folder that belongs to a state; a stranger's folder of that name is not taken."""
    path = Path(tempfile.gettempdir()) / f"hetzner-emulator-{zlib.crc32(os.fsencode(state)):08x}"
    path.mkdir(mode=0o711, exist_ok=True)
    if path.is_symlink() or path.stat().st_uid != os.geteuid():
        raise OSError(f"{path} belongs to somebody else: remove it")
    path.chmod(0o711)
    return path
