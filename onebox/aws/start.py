"""What a start with STACK=aws does before anything runs: look for DynamoDB Local, unpack the artefact, take ports."""

from __future__ import annotations

import secrets
import sys

from onebox import dynamodb_local
from onebox.aws.artefact import NotPackaged, unpacked
from onebox.aws.commands import AwsCommands
from onebox.aws.environment import Ports
from onebox.aws.functions import functions
from onebox.commands import dynamodb_directory
from onebox.home import Home
from onebox.ports import kept_free_port
from onebox.settings import BoxSettings


def aws_commands(settings: BoxSettings, home: Home, *, life: str, listening: int) -> AwsCommands:
    """The commands of this life; NotPackaged with what to do where something is not there."""
    absent = dynamodb_local.missing(dynamodb_directory())
    if absent is not None:
        raise NotPackaged(f"STACK=aws keeps its table in DynamoDB Local. {absent}.")
    for room in (home.aws, home.functions):
        room.mkdir(mode=0o700, exist_ok=True)
    sys.stderr.write("onebox   | packaging, unless that is done already\n")
    artefact = unpacked(home.aws / "artefact", settings.variables)
    dynamodb = kept_free_port(home.path / "dynamodb-port")
    return AwsCommands(
        settings=settings,
        home=home,
        life=life,
        listening=listening,
        dynamodb_port=dynamodb,
        artefact=artefact,
        ports=Ports(
            dynamodb=dynamodb,
            services=kept_free_port(home.aws / "services-port"),
            codebuild=kept_free_port(home.aws / "codebuild-port"),
        ),
        functions=functions(artefact.template),
        access_key=secrets.token_hex(16),
    )
