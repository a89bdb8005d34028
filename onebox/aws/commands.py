"""The command lines of a stack on stand-ins of AWS: beside what one box runs, stand-ins and functions' hosts."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from dataclasses import dataclass, field

from onebox import marks
from onebox.aws.artefact import STAGE, Artefact
from onebox.aws.build_project import BuildProject, build_project
from onebox.aws.environment import Ports, aws_environment, clock_url, lambda_variables, product_variables
from onebox.aws.functions import Function, by_handler
from onebox.aws.host import failpoints
from onebox.aws.host.__main__ import command as host_command
from onebox.aws.host.settings import HostSettings
from onebox.aws.invoke import socket_of
from onebox.codebuild.signature import VARIABLE
from onebox.commands import Commands
from onebox.failpoints import VARIABLE as KILL_AFTER
from onebox.product_environment import clock_file, public_url
from onebox.settings import CHECKOUT
from onebox.spawn import Command
from onebox.whole_file import replace_file

DEPLOYS_AS = "app.advance"
"""The function whose settings the deployment and the gateway read: those that all functions share are in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsCommands(Commands):
    """`functions` are those of the artefact's template; `access_key` is this life's, for its own processes."""

    artefact: Artefact
    ports: Ports
    functions: dict[str, Function]
    access_key: str = field(repr=False)

    def first(self) -> dict[str, Callable[[int], Command]]:
        """The stand-ins wait for nobody."""
        project = build_project(self.artefact.template)
        return {
            **Commands.first(self),
            "aws": self.services,
            **({"codebuild": functools.partial(self.codebuild, project)} if project else {}),
        }

    def served(self) -> dict[str, Callable[[int, int], Command]]:
        """The functions' hosts, and the gateway that calls them."""
        hosts = {each.short: functools.partial(self.host, each) for each in self.functions.values()}
        return {**hosts, "gateway": self.gateway}

    def services(self, _life: int) -> Command:
        """SES, SSM and Lambda."""
        arguments = [
            *(self.python, "-m", "onebox.aws", "--home", str(self.home.path), "--template", str(self.artefact.sam)),
            *("--stage", STAGE, "--port", str(self.ports.services), "--public-url", public_url(self.settings)),
        ]
        return Command(arguments=arguments, environment=self._known("aws"), folder=CHECKOUT)

    def codebuild(self, project: BuildProject, _life: int) -> Command:
        """CodeBuild with the template's project: its buildspec, and the environment that the builder's image brings."""
        folder = self.home.aws
        replace_file(folder / "buildspec.yml", project.buildspec)
        replace_file(folder / "environment.json", json.dumps(project.environment))
        replace_file(folder / "image.json", json.dumps(self.builder_image()))
        dying = self.failpoints(builder=True)
        replace_file(folder / "nth.json", json.dumps([{KILL_AFTER: spec} for spec in dying]))
        arguments = [
            *(self.python, "-m", "onebox.codebuild", "--project", project.name),
            *("--buildspec", str(folder / "buildspec.yml"), "--environment", str(folder / "environment.json")),
            *("--source", str(CHECKOUT), "--image", str(folder / "image.json"), "--folder", str(folder / "builds")),
            *("--port", str(self.ports.codebuild), "--nth", str(folder / "nth.json")),
        ]
        return Command(arguments=arguments, environment=self._known("codebuild"), folder=CHECKOUT)

    def host(self, function: Function, _life: int, ssh_port: int) -> Command:
        """Lambda's side of one function; nothing but the artefact is on its path, nothing of our shell around it."""
        settings = HostSettings(
            name=function.name,
            arn=function.arn,
            handler=function.handler,
            timeout=function.timeout,
            memory=function.memory,
            at_once=function.at_once,
            root=self.artefact.code,
            socket=socket_of(self.home.functions, function.short),
            record=self.home.aws / "recorded.jsonl",
        )
        environment = {
            **lambda_variables(function, self.artefact.code),
            **self._product(function, ssh_port),
            **self._ordered(),
            marks.VARIABLE: self.mark(function.short),
        }
        command = host_command(self.python, CHECKOUT, settings)
        return Command(arguments=command, environment=environment, folder=self.artefact.code)

    def gateway(self, life: int, ssh_port: int) -> Command:
        """API Gateway and EventBridge; the first life expires the leases of workers that are dead."""
        environment = {
            **self.plain("gateway"),
            **self._product(by_handler(self.functions, DEPLOYS_AS), ssh_port),
            "CCC_HOME": str(self.home.path),
            "CCC_PORT": str(self.settings.port),
            "CCC_PUBLIC_URL": public_url(self.settings),
            "CCC_TRUSTED_PROXY": self.settings.variables.get("CCC_TRUSTED_PROXY") or "",
            "ONEBOX_PROVIDER": self.settings.provider,
            "ONEBOX_LISTENING": str(self.listening),
            "ONEBOX_EXPIRE_LEASES": "1" if life == 1 else "0",
            "ONEBOX_TEMPLATE": str(self.artefact.sam),
        }
        arguments = [self.python, "-m", "onebox.aws.gateway"]
        return Command(arguments=arguments, environment=environment, folder=CHECKOUT, descriptors=(self.listening,))

    def _ordered(self) -> dict[str, str]:
        """Where the functions find after which of their calls they die, if that was asked for."""
        file = self.home.aws / "failpoints.json"
        return {failpoints.FILE: str(file)} if self.failpoints(builder=False) else {}

    def _known(self, name: str) -> dict[str, str]:
        return {**self.plain(name), VARIABLE: self.access_key}

    def _product(self, function: Function, ssh_port: int) -> dict[str, str]:
        clock = clock_file(self.settings, self.home)
        variables = product_variables(function, self.settings, clock_url(clock), ssh_port)
        return {**variables, **aws_environment(self.ports, self.access_key)}
