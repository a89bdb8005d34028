"""Simple commands of root's, joined by `&&`, `||` or `;`: enough to look at a machine and its new disk."""

import re
import shlex
from collections.abc import Callable

from hetzner_emulator.machine.files import FILE_TOOLS, Output
from hetzner_emulator.machine.session import Session

Tool = Callable[[Session, list[str], Output], int]
_SILENCED = re.compile(r"\s*2>\s*(?:/dev/null|&1)")
_JOINTS = ("&&", "||", ";")
_NAMES = {"stock": "Ubuntu 24.04", "installer": "NixOS installer"}


async def run_line(session: Session) -> int:
    """Run a line of simple commands; anything that needs a real shell is refused."""
    line = _SILENCED.sub("", session.process.command or "")
    if re.search(r"[|<>`]|\$\(|(?<!&)&(?!&)", line.replace("||", "")):
        session.err("emulated machine: pipes, redirections and substitutions are not known here\n")
        return 127
    lexer = shlex.shlex(line, posix=True, punctuation_chars=";&|")
    lexer.whitespace_split = True
    try:
        words = list(lexer)
    except ValueError as error:
        session.err(f"sh: {error}\n")
        return 2
    return _chain(session, words)


def _chain(session: Session, words: list[str]) -> int:
    status, current, joint = 0, list[str](), ";"
    for word in [*words, ";"]:
        if word not in _JOINTS:
            current.append(word)
            continue
        if current and (joint == ";" or (joint == "&&") == (status == 0)):
            status = _one(session, current)
        current, joint = [], word
    return status


def _one(session: Session, words: list[str]) -> int:
    name, arguments = words[0], words[1:]
    tool = TOOLS.get(name.rpartition("/")[2]) or FILE_TOOLS.get(name.rpartition("/")[2])
    if tool is None:
        session.err(f"emulated machine: no such command: {name}\n")
        return 127
    return tool(session, arguments, Output(session.out, session.err))


def _says(text: Callable[[Session], str]) -> Tool:
    def tool(session: Session, _: list[str], output: Output) -> int:
        output.out(text(session) + "\n")
        return 0

    return tool


def _exits(status: int) -> Tool:
    return lambda *_: status


def _echo(_: Session, arguments: list[str], output: Output) -> int:
    output.out(" ".join(arguments) + "\n")
    return 0


def _exit(_: Session, arguments: list[str], __: Output) -> int:
    return int(arguments[0]) % 256 if arguments and arguments[0].isdigit() else 0


def _reboot(session: Session, _: list[str], __: Output) -> int:
    session.machine.leave_for_disk()
    return 0


def _command(session: Session, arguments: list[str], output: Output) -> int:
    del session
    known = [word for word in arguments if word in TOOLS or word in FILE_TOOLS]
    output.out("".join(f"/usr/bin/{word}\n" for word in known))
    return 0 if known else 1


TOOLS: dict[str, Tool] = {
    "true": _exits(0),
    "false": _exits(1),
    "sync": _exits(0),
    "umount": _exits(0),
    "swapoff": _exits(0),
    "cloud-init": _says(lambda _: "status: done"),
    "exit": _exit,
    "echo": _echo,
    "command": _command,
    "id": _says(lambda _: "uid=0(root) gid=0(root) groups=0(root)"),
    "whoami": _says(lambda _: "root"),
    "uname": _says(lambda _: "Linux"),
    "hostname": _says(lambda session: session.machine.server.name),
    "pwd": _says(lambda _: "/root"),
    "uptime": _says(lambda session: f"up, {_NAMES.get(session.machine.system, 'NixOS')} (emulated)"),
    "reboot": _reboot,
}
