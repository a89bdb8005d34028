"""What the builders of this box install, as their variables: the real system, or what stands for it.

The links in `out/` are followed, so that a later build does not change what a running job installs.
"""

from __future__ import annotations

import shlex
from pathlib import Path

from builder.prerequisites.places import KEXEC, KEXEC_SHA256, STORE_PATHS, Places
from onebox.home import Home
from onebox.settings import CHECKOUT, BoxSettings
from onebox.stand_ins import archive, stand_in_system

OUT = CHECKOUT / "out"


def places(settings: BoxSettings, out: Path = OUT) -> Places:
    """Where this box has what it installs on real servers."""
    return Places(variables=settings.variables, out=out)


def builder_variables(settings: BoxSettings, home: Home, out: Path = OUT) -> dict[str, str]:
    """CCC_STORE_PATHS, CCC_KEXEC and the hash it must have, where that is not the pinned one."""
    if settings.emulated:
        return _emulated(settings, home)
    here = places(settings, out)
    said = here.said(KEXEC_SHA256)
    return {
        STORE_PATHS: here.said(STORE_PATHS) or shlex.join(str(path.resolve()) for path in here.store_paths),
        KEXEC: str(here.kexec),
        **({KEXEC_SHA256: said} if said else {}),
    }


def _emulated(settings: BoxSettings, home: Home) -> dict[str, str]:
    here = places(settings)
    named, given = here.said(STORE_PATHS), here.said(KEXEC)
    return {
        **stand_in_system(home.path),
        **({STORE_PATHS: named} if named else {}),
        **(archive(Path(given)) if given else {}),
    }
