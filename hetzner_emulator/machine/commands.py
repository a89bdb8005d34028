"""The table of what root may run: a pattern of the whole command line, and the function that acts it out.

The first lines are what nixos-anywhere 1.13 and the ssh-copy-id and nix it calls send; the last takes simple
commands about files. A new command is a new line here.
"""

import re
from collections.abc import Awaitable, Callable

from hetzner_emulator.machine import install, kexec, keys, scripts, storeprotocol, tools
from hetzner_emulator.machine.session import Session

Command = Callable[[Session], Awaitable[int]]

_HOME = r"\"?\$HOME"


def _line(pattern: str, command: Command) -> tuple[re.Pattern[str], Command]:
    return re.compile(pattern, re.DOTALL), command


COMMANDS: list[tuple[re.Pattern[str], Command]] = [
    _line(r"(exec )?sh -c '.*authorized_keys.*'", keys.append_keys),
    _line(r"(?:enableDebug=\S*\s+)?(?:ba)?sh(?:\s+(?:--|-s))*", scripts.run_script),
    _line(rf"mkdir -p {_HOME}/kexec\"? && cat > {_HOME}/kexec/(?P<name>[\w.-]+\.sh)\"?", kexec.store_script),
    _line(rf"cat > {_HOME}/kexec/(?P<name>kexec-tarball[\w.-]*)\"?", kexec.store_tarball),
    _line(rf"bash {_HOME}/kexec/(?P<name>[\w.-]+\.sh)\"?", kexec.run),
    _line(rf"cat {_HOME}/kexec/nixos-anywhere\.log\"?( 2>/dev/null)?", kexec.show_log),
    _line(r"nix-(?:store|daemon)\b.*", storeprotocol.serve),
    _line(r"tar -C /mnt -xf-( --no-same-owner)?( -p)?", install.unpack),
    _line(r"(?P<path>/\S*disko\S*)", install.disko),
    _line(r"(?P<path>/nix/store/\S+)", install.disko),
    _line(r".*", tools.run_line),
]
