"""`python -m onebox.aws`: SES, SSM, Lambda and an account on one port, until SIGTERM or Ctrl-C.

Says `listening URL` when it does.

The supervisor starts it. What it keeps is in the stack's folder, so it may be killed at any moment.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from onebox.aws.account import Account
from onebox.aws.build_project import build_project
from onebox.aws.deployment import TABLE
from onebox.aws.functions import Function, by_handler, functions
from onebox.aws.invoke import Invoker
from onebox.aws.lambda_api import LambdaApi
from onebox.aws.ses import Ses
from onebox.aws.ssm import Ssm
from onebox.aws.template import Template
from onebox.aws.wire import Server, Service, serving
from onebox.codebuild.signature import VARIABLE
from onebox.ending import Ending
from onebox.home import Home

TAKES_FEEDBACK = "app.mail_feedback"


def _arguments(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m onebox.aws", description="Stand-ins of SES, SSM and Lambda.")
    parser.add_argument("--home", type=Path, required=True, help="the stack's folder")
    parser.add_argument("--template", type=Path, required=True, help="the packaged template")
    parser.add_argument("--stage", required=True, help="the stage it was packaged for")
    parser.add_argument("--public-url", required=True, help="where people reach the service")
    parser.add_argument("--port", type=int, default=0, help="on 127.0.0.1; 0 is any free one")
    return parser.parse_args(words)


def main(words: list[str]) -> int:
    """Serve until told to end; the exit status."""
    given = _arguments(words)
    home = Home(path=given.home)
    template = Template.read(given.template, given.stage)
    found = functions(template)
    invoking = LambdaApi(found, Invoker(folder=home.functions))
    mails = Ses(home.mail, lambda event: _tell(invoking, found, event))
    ending = Ending()
    access_key = os.environ.get(VARIABLE)  # noqa: TID251 -- who may ask is told by whoever starts this
    services: list[Service] = [
        Ssm(home.aws / "ssm.json"),
        invoking,
        mails,
        Account(template, _outputs(template, given.public_url)),
    ]
    with serving(Server(services, given.port, access_key=access_key)) as url:
        sys.stdout.write(f"listening {url}\n")
        sys.stdout.flush()
        ending.wait()
    invoking.close()
    return 0


def _outputs(template: Template, public_url: str) -> dict[str, str]:
    """What a deployed stack would say of itself, as far as it is the same here."""
    (table,) = template.of_type(TABLE)
    project = build_project(template)
    known = {"PublicUrl": public_url, "TableName": template.name(table)}
    return known if project is None else {**known, "BuilderProjectName": project.name}


def _tell(invoking: LambdaApi, found: Mapping[str, Function], event: dict[str, Any]) -> None:
    """SNS invokes the function in the background."""
    invoking.begin(by_handler(found, TAKES_FEEDBACK), event)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
