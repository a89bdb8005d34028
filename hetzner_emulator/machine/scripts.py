"""Shell scripts that come on standard input: recognised by what they contain, never executed."""

import re
from collections.abc import Awaitable, Callable

from hetzner_emulator.machine import install
from hetzner_emulator.machine.session import Session

_PRESENT = "isOs={os}\nisArch={arch}\nisNixos={nixos}\nisInstaller={installer}\nisContainer=none\nisRoot=y\n"
_TOOLS = "hasIpv6Only={v6only}\nhasTar=y\nhasCpio=y\nhasSudo=y\nhasDoas=n\nhasWget=y\nhasCurl=y\nhasSetsid=y\n"
_ARCHES = {"x86": "x86_64", "arm": "aarch64"}


async def facts(session: Session, _: str) -> int:
    """Tell what this machine is, in the 15 lines of the facts script."""
    machine = session.machine
    installer = machine.system == "installer"
    if not installer:
        await session.comes_to("facts")
    server_type = machine.emulator.market.types[machine.server.server_type]
    values = {
        "os": "Linux",
        "arch": _ARCHES[server_type["architecture"]],
        "nixos": "y" if installer else "n",
        "installer": "y" if installer else "n",
        "v6only": "n" if machine.server.ipv4 else "y",
    }
    session.out((_PRESENT + _TOOLS).format_map(values) + f"hasNixOSFacter={values['installer']}\n")
    return 0


async def nothing(session: Session, _: str) -> int:
    """Do nothing, successfully: settings of nix that no emulated machine needs."""
    del session
    return 0


SCRIPTS: list[tuple[re.Pattern[str], Callable[[Session, str], Awaitable[int]]]] = [
    (re.compile(r"^isOs=\$\(uname\)", re.MULTILINE), facts),
    (re.compile(r"^\s*nixos-install ", re.MULTILINE), install.nixos_install),
    (re.compile(r"\breboot\b"), install.reboot),
    (re.compile(r"nix/nix\.conf"), nothing),
]


async def run_script(session: Session) -> int:
    """Act out the script on standard input."""
    text = (await session.input()).decode(errors="replace")
    if not text.strip():
        return 0
    for pattern, run in SCRIPTS:
        if pattern.search(text):
            return await run(session, text)
    session.err("emulated machine: this script is not one an installer sends\n")
    return 127
