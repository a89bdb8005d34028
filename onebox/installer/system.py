"""The part of the new system that an emulated machine can have: ccc-box, the line at login, and its minute's refresh.

On a real machine these come with the system's closure and are put in place by nix/modules. Here the very same script
is sent along with the extra files, below the folders that an emulated machine looks into.
"""

import io
import tarfile
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "nix" / "box" / "ccc-box.sh"

# EMULATED_ROOT: an emulated machine without a sandbox has its files in a folder of the host.
_CCC_BOX = """#!/bin/sh
CCC_BOX_RECORD="${EMULATED_ROOT-}/var/lib/cloud-instance/instance.json" CCC_BOX_STATE="${EMULATED_ROOT-}/run/ccc-box"
export CCC_BOX_RECORD CCC_BOX_STATE
exec bash "${EMULATED_ROOT-}/opt/system/lib/ccc-box.sh" "$@"
"""
_PROFILE = "if [ -t 1 ]; then ccc-box 2>/dev/null || true; fi\n"
_REFRESH = "#!/bin/sh\nexec ccc-box refresh\n"
_FOLDERS = ("opt", "opt/system", "opt/system/bin", "opt/system/lib", "etc/cron.minutely")


def packed(extra_files: Path) -> bytes:
    """Return a tar stream of the extra files, with their modes, and of the system's own files."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        archive.add(extra_files, arcname=".")
        for folder in _FOLDERS:
            member = tarfile.TarInfo(folder)
            member.type, member.mode = tarfile.DIRTYPE, 0o755
            archive.addfile(member)
        for name, content, mode in _files():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(content), mode
            archive.addfile(member, io.BytesIO(content))
    return stream.getvalue()


def _files() -> tuple[tuple[str, bytes, int], ...]:
    return (
        ("opt/system/bin/ccc-box", _CCC_BOX.encode(), 0o755),
        ("opt/system/lib/ccc-box.sh", SCRIPT.read_bytes(), 0o644),
        ("etc/profile", _PROFILE.encode(), 0o644),
        ("etc/cron.minutely/ccc-box-refresh", _REFRESH.encode(), 0o755),
    )
