"""The arguments of nixos-anywhere that an install by store paths uses, read as the real program reads them."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field

USAGE = """Usage: nixos-anywhere [options] <ssh-host>   (stand-in of one box)

  -s, --store-paths DISKO TOPLEVEL   what to run and to install
  --build-on auto|local|remote       taken and not used: nothing is built
  --kexec FILE                       the tarball to boot the installer from
  -i FILE                            private key to log in with
  -p, --ssh-port PORT                port before the kexec
  --post-kexec-ssh-port PORT         port after it (default 22)
  --ssh-option OPTION                one more option of ssh, can be repeated
  --extra-files DIR                  copied over the new system's root
  --phases LIST                      of kexec,disko,install,reboot (default: all)
  --target-host HOST                 the same as the last argument
  --debug, -L, --print-build-logs, --show-trace, --no-substitute-on-destination,
  --no-use-machine-substituters, --option KEY VALUE, --ssh-store-setting KEY VALUE
                                     taken and not used
"""
PHASES = ("kexec", "disko", "install", "reboot")


class UsageError(Exception):
    """The arguments make no sense; the message may be empty, the usage is shown then."""


@dataclass(slots=True, kw_only=True)
class Arguments:
    """One call; `ssh_options` are arguments of ssh in the order they were given."""

    host: str = ""
    disko: str = ""
    system: str = ""
    kexec: str = ""
    identity: str = ""
    extra_files: str = ""
    post_kexec_port: str = "22"
    ssh_options: list[str] = field(default_factory=list)
    phases: frozenset[str] = frozenset(PHASES)

    def set_store_paths(self, disko: str, system: str) -> None:
        """Take both paths, links followed."""
        self.disko, self.system = os.path.realpath(disko), os.path.realpath(system)

    def set_phases(self, text: str) -> None:
        """Take a comma-separated list."""
        wished = [word for word in text.split(",") if word]
        for word in wished:
            if word not in PHASES:
                raise UsageError(f"Unknown phase: {word}")
        self.phases = frozenset(wished)

    def set_build_on(self, where: str) -> None:
        """Check the word and forget it."""
        if where not in ("auto", "local", "remote"):
            raise UsageError(f"Supported values for --build-on are auto, local and remote. Unknown mode : {where}")


Taker = Callable[..., object]


def _takers(taken: Arguments) -> dict[str, tuple[int, Taker]]:
    """Return for each option how many words it takes and what is done with them."""

    def keep(name: str) -> Taker:
        return lambda value: setattr(taken, name, value)

    def ssh(flag: str) -> Taker:
        return lambda value: taken.ssh_options.extend((flag, value))

    def ignore(*_: str) -> None:
        """Take an option that changes nothing here."""

    table: dict[str, tuple[int, Taker]] = {
        "--store-paths": (2, taken.set_store_paths),
        "--build-on": (1, taken.set_build_on),
        "--kexec": (1, keep("kexec")),
        "-i": (1, keep("identity")),
        "--ssh-port": (1, ssh("-p")),
        "--ssh-option": (1, ssh("-o")),
        "--post-kexec-ssh-port": (1, keep("post_kexec_port")),
        "--extra-files": (1, keep("extra_files")),
        "--phases": (1, taken.set_phases),
        "--target-host": (1, keep("host")),
        "--option": (2, ignore),
        "--ssh-store-setting": (2, ignore),
    }
    quiet = ("--debug", "-L", "--print-build-logs", "--show-trace", "--no-substitute-on-destination")
    table |= dict.fromkeys((*quiet, "--no-use-machine-substituters"), (0, ignore))
    return table | {"-s": table["--store-paths"], "-p": table["--ssh-port"]}


def read(words: list[str]) -> Arguments:
    """Read a command line; anything unknown or missing is a UsageError."""
    taken = Arguments()
    takers, rest = _takers(taken), list(words)
    while rest:
        word = rest.pop(0)
        if word in takers:
            count, take = takers[word]
            if len(rest) < count:
                raise UsageError(f"Missing arguments for {word}")
            take(*rest[:count])
            del rest[:count]
        elif word.startswith("-") or taken.host:
            raise UsageError
        else:
            taken.host = word
    if not taken.host:
        raise UsageError("ssh-host must be set")
    if not (taken.disko and taken.system):
        raise UsageError("--flake or --store-paths must be set")
    return taken
