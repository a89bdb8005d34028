"""What a start with STACK=aws does before anything runs: look for DynamoDB Local, unpack the artefact, take ports.

And it tells how an operator talks to this AWS: a file for the shell, which only this user can read.
"""

from __future__ import annotations

import secrets
import shlex
import sys

from onebox import dynamodb_local
from onebox.aws.artefact import NotPackaged, unpacked
from onebox.aws.commands import AwsCommands
from onebox.aws.environment import FOR_A_TRIAL, Ports, shell_lines
from onebox.aws.functions import functions
from onebox.aws.host import failpoints
from onebox.commands import dynamodb_directory
from onebox.home import Home
from onebox.ports import kept_free_port
from onebox.settings import BoxSettings
from onebox.whole_file import replace_file


def aws_commands(settings: BoxSettings, home: Home, *, life: str, listening: int) -> AwsCommands:
    """The commands of this life; NotPackaged with what to do where something is not there."""
    absent = dynamodb_local.missing(dynamodb_directory())
    if absent is not None:
        raise NotPackaged(f"STACK=aws keeps its table in DynamoDB Local. {absent}.")
    for room in (home.aws, home.functions):
        room.mkdir(mode=0o700, exist_ok=True)
    sys.stderr.write("onebox   | packaging, unless that is done already\n")
    artefact = unpacked(home.aws / "artefact", settings.variables)
    ports = Ports(
        dynamodb=kept_free_port(home.path / "dynamodb-port"),
        services=kept_free_port(home.aws / "services-port"),
        codebuild=kept_free_port(home.aws / "codebuild-port"),
    )
    access_key = secrets.token_hex(16)
    replace_file(home.aws / "env", shell_lines(ports, access_key))
    _tell(settings, home)
    commands = AwsCommands(
        settings=settings,
        home=home,
        life=life,
        listening=listening,
        dynamodb_port=ports.dynamodb,
        artefact=artefact,
        ports=ports,
        functions=functions(artefact.template),
        access_key=access_key,
    )
    failpoints.order(home.aws / "failpoints.json", commands.failpoints(builder=False))
    return commands


def _tell(settings: BoxSettings, home: Home) -> None:
    """Say what is not as a person might expect it."""
    if not settings.variables.get("CCC_SIGNUP"):
        open_to = FOR_A_TRIAL["CCC_SIGNUP"]
        sys.stderr.write(f"onebox   | signup is {open_to} here; a deployment asks .chalice/config.json (CCC_SIGNUP)\n")
    env = shlex.quote(str(home.aws / "env"))
    sys.stderr.write(f"onebox   | for make secrets, smoke and ccc doctor --cloud: . {env}\n")
