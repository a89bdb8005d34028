"""Where the built system lies: what CCC_STORE_PATHS says, or else what `make machine` left in the checkout's `out/`."""

from __future__ import annotations

import shlex
from pathlib import Path

from onebox.settings import CHECKOUT, BoxSettings

OUT = CHECKOUT / "out"
_LINKS = ("disko", "toplevel")


def built_system(settings: BoxSettings, out: Path = OUT) -> str | None:
    """CCC_STORE_PATHS for the builder, disko script first; None where neither says anything.

    The links are followed, so that a later build does not change what a running job installs.
    """
    said = settings.variables.get("CCC_STORE_PATHS")
    if said:
        return said
    links = [out / name for name in _LINKS]
    if not all(link.exists() for link in links):  # a link into a store that was cleaned up is not there either
        return None
    return shlex.join(str(link.resolve()) for link in links)
