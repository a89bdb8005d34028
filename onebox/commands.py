"""The command lines of everything that runs on one machine: emulator, gateway, builders, DynamoDB Local, warden.

Each child gets the mark of its life. `ONEBOX_KILL_AFTER` may list several failpoints, with commas: the first is given
to the first life of what it names, the second to the second, and so on.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from onebox import dynamodb_local, marks
from onebox.build_folder import BuildFolder
from onebox.built_system import builder_variables, places
from onebox.failpoints import BUILDER_PORT
from onebox.failpoints import VARIABLE as KILL_AFTER
from onebox.home import Home
from onebox.product_environment import clock_file, product_environment
from onebox.settings import CHECKOUT, BoxSettings
from onebox.spawn import Command

_PASSED_TO_BUILDERS = ("LANG", "LC_ALL", "TZ", "NIX_PATH", "NIX_REMOTE", "NIX_SSL_CERT_FILE", "SSL_CERT_FILE")


@dataclass(frozen=True, slots=True, kw_only=True)
class Commands:
    """`life` names this life of the supervisor; `listening` is the gateway's socket."""

    settings: BoxSettings
    home: Home
    life: str
    listening: int
    dynamodb_port: int | None = None
    python: str = field(default=sys.executable)

    def mark(self, name: str) -> str:
        """The mark of a child of this life."""
        return marks.mark(self.home.path, self.life, name)

    def first(self) -> dict[str, Callable[[int], Command]]:
        """What is started at once: by name, the command of a process's n-th life."""
        found: dict[str, Callable[[int], Command]] = {}
        if self.dynamodb_port is not None:
            found["dynamodb"] = self.dynamodb
        if self.settings.emulated:
            found["emulator"] = self.emulator
        return found

    def served(self) -> dict[str, Callable[[int, int], Command]]:
        """What is started once the provider's ssh port is known, which is its second argument."""
        return {"gateway": self.gateway}

    def emulator(self, _life: int) -> Command:
        """The emulator, with its state, the shared clock and the accepted token in the folder."""
        settings, folder = self.settings, self.home.emulator
        clock = clock_file(settings, self.home)
        arguments = [
            *(self.python, "-m", "hetzner_emulator", "--port", str(settings.emulator_port), "--state", str(folder)),
            *("--token-file", str(folder / "tokens"), "--faults", str(folder / "faults.json")),
            *("--latency", str(settings.latency)),
            *(("--clock", str(clock)) if clock else ()),
            *(("--ssh-port", wanted) if (wanted := settings.variables.get("CCC_SSH_PORT")) else ()),
            *(("--ssh", how) if (how := settings.variables.get("CCC_EMULATOR_SSH")) else ()),
        ]
        return Command(arguments=arguments, environment=self.plain("emulator"), folder=CHECKOUT)

    def gateway(self, life: int, ssh_port: int) -> Command:
        """The gateway; every life expires all leases, since their holders are dead."""
        environment = {
            **product_environment(self.settings, self.home, ssh_port),
            **self._failpoint(life, builder=False),
            **self._aws(),
            "ONEBOX_PROVIDER": self.settings.provider,
            "ONEBOX_LISTENING": str(self.listening),
            "ONEBOX_EXPIRE_LEASES": "1",
            "PYTHONUNBUFFERED": "1",
            marks.VARIABLE: self.mark("gateway"),
        }
        arguments = [self.python, "-m", "onebox.gateway"]
        return Command(arguments=arguments, environment=environment, folder=CHECKOUT, descriptors=(self.listening,))

    def builder(self, folder: BuildFolder, mark: str, given: Mapping[str, str], *, life: int) -> Command:
        """The `life`-th builder of this stack's life, with as little environment as it needs."""
        environment = {
            **given,
            **self.builder_image(),
            **self._failpoint(life, builder=True),
            "HOME": str(folder.home),
            "TMPDIR": str(folder.temporary),
            marks.VARIABLE: mark,
        }
        return Command(arguments=[self.python, "-m", "builder"], environment=environment, folder=folder.path)

    def builder_image(self) -> dict[str, str]:
        """The environment that a builder finds wherever it runs on this machine."""
        variables = self.settings.variables
        clock = clock_file(self.settings, self.home)
        return {
            **{name: variables[name] for name in _PASSED_TO_BUILDERS if name in variables},
            **builder_variables(self.settings, self.home),
            "PATH": self._path(),
            "PYTHONPATH": str(CHECKOUT),
            "PYTHONUNBUFFERED": "1",
            "CCC_CLOCK": f"file://{clock}" if clock else "system:",
        }

    def dynamodb(self, _life: int) -> Command:
        """DynamoDB Local, which keeps its tables in the folder."""
        data = self.home.path / "dynamodb"
        data.mkdir(mode=0o700, exist_ok=True)
        own = ["-sharedDb", "-dbPath", str(data), "-port", str(self.dynamodb_port)]
        arguments = [*dynamodb_local.arguments(), *own]
        return Command(arguments=arguments, environment=self.plain("dynamodb"), folder=dynamodb_directory())

    def warden(self) -> Command:
        """The one child that acts when the supervisor is gone."""
        arguments = [self.python, "-m", "onebox.warden", marks.of_life(self.home.path, self.life)]
        return Command(arguments=arguments, environment=self.plain("warden"), folder=CHECKOUT)

    def plain(self, name: str) -> dict[str, str]:
        """The environment of a program that is told everything on its command line."""
        kept = {key: value for key, value in self.settings.variables.items() if not _is_ours(key)}
        return {**kept, "PYTHONUNBUFFERED": "1", marks.VARIABLE: self.mark(name)}

    def failpoints(self, *, builder: bool) -> list[str]:
        """Those that were asked for, of builders or of the service."""
        listed = (self.settings.variables.get(KILL_AFTER) or "").split(",")
        return [spec for spec in listed if spec and spec.startswith(f"{BUILDER_PORT}.") is builder]

    def _failpoint(self, life: int, *, builder: bool) -> dict[str, str]:
        mine = self.failpoints(builder=builder)
        return {KILL_AFTER: mine[life - 1]} if life <= len(mine) else {}

    def _aws(self) -> dict[str, str]:
        if self.dynamodb_port is None:
            return {}
        given = self.settings.variables
        return {
            "ONEBOX_MAKE_TABLE": urlsplit(given["CCC_STORE"]).netloc,
            "AWS_ENDPOINT_URL_DYNAMODB": f"http://127.0.0.1:{self.dynamodb_port}",
            "AWS_ACCESS_KEY_ID": given.get("AWS_ACCESS_KEY_ID") or "onebox",
            "AWS_SECRET_ACCESS_KEY": given.get("AWS_SECRET_ACCESS_KEY") or "onebox",
            "AWS_DEFAULT_REGION": given.get("AWS_DEFAULT_REGION") or "eu-central-1",
        }

    def _path(self) -> str:
        python = str(Path(self.python).parent)
        if not self.settings.emulated:
            return os.pathsep.join([places(self.settings).path, python])
        usual = self.settings.variables.get("PATH") or os.defpath
        return os.pathsep.join([str(self.settings.installer), python, usual])


def dynamodb_directory() -> Path:
    """Where DynamoDB Local lies in the checkout."""
    return CHECKOUT / dynamodb_local.DIRECTORY


def _is_ours(name: str) -> bool:
    return name.startswith(("CCC_", "HCLOUD_", "AWS_", "ONEBOX_"))
