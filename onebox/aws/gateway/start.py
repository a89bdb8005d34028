"""Putting API Gateway and EventBridge together, after what a deployment does once, and running them until SIGTERM.

Of the product only its settings, its clock and its keyring are used here (to show the machine's own rooms to
operators), and one verb of one box: after a start it expires the leases of workers that are dead. All else is the
functions' work.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from types import FrameType
from urllib.parse import urlsplit

from chalicelib import config, wiring
from chalicelib.config import ConfigError
from chalicelib.operations import expire_leases
from chalicelib.operations.services import Services
from onebox.aws.artefact import STAGE
from onebox.aws.build_project import build_project
from onebox.aws.deployment import Deployment
from onebox.aws.functions import by_handler, functions
from onebox.aws.gateway.api_gateway import ApiGateway
from onebox.aws.gateway.scheduled import Scheduled
from onebox.aws.gateway.shown_builds import ShownBuilds
from onebox.aws.invoke import Invoker
from onebox.aws.template import Template
from onebox.gateway.front_door import FrontDoor
from onebox.gateway.machine import Machine
from onebox.gateway.mail_view import MailView
from onebox.gateway.movable_clock import MovableClock
from onebox.gateway.operator import Guard
from onebox.gateway.readiness import Readiness
from onebox.gateway.rooms import Rooms
from onebox.gateway.server import make_server
from onebox.gateway.settings import GatewaySettings, environment, gateway_settings
from onebox.gateway.start import CANNOT_START, FOUND_AGAIN_AFTER_SECONDS, LAST_TICK_WITHIN_SECONDS
from onebox.gateway.supervisor_line import SupervisorLine
from onebox.gateway.ticker import Ticker
from onebox.gateway.wsgi import Gateway
from onebox.home import Home


def run() -> int:
    """Serve until SIGTERM ends the process; returns an exit status when it cannot start."""
    variables = environment()
    settings = gateway_settings(variables)
    template = Template.read(Path(variables["ONEBOX_TEMPLATE"]), STAGE)
    try:
        services = wiring.services(config.settings(variables))
    except ConfigError as error:
        sys.stderr.write(f"{error}\n")
        return CANNOT_START
    _deploy(settings, template, services, variables)
    _serve(settings, template, services)
    return 1


def _deploy(settings: GatewaySettings, template: Template, services: Services, variables: Mapping[str, str]) -> None:
    """Deploy; while a stand-in or the provider does not answer, say so and try again."""
    keyring = urlsplit(variables["CCC_KEYRING"])
    deployment = Deployment(
        home=Home(path=settings.home),
        template=template,
        path=keyring.path.rstrip("/") if keyring.scheme == "ssm" else None,
        public_url=settings.public_url,
        founder=by_handler(functions(template), "app.advance"),
    )
    while True:
        try:
            deployment.carry_out()
            if settings.expire_leases:
                expire_leases.expire_leases(services)
        except Exception as error:  # noqa: BLE001 -- whatever it is, it is said, and nothing can go on without it
            sys.stderr.write(f"not deployed yet: {type(error).__name__}: {error}\n")
            time.sleep(FOUND_AGAIN_AFTER_SECONDS)
        else:
            return


def _serve(settings: GatewaySettings, template: Template, services: Services) -> None:
    home = Home(path=settings.home)
    found, invoker = functions(template), Invoker(folder=home.functions)
    api = ApiGateway.of(template, found, invoker)
    supervisor = SupervisorLine(path=home.socket)
    ticker = Ticker(
        tick=Scheduled(function=by_handler(found, "app.tick"), invoker=invoker),
        reap=Scheduled(function=by_handler(found, "app.reap"), invoker=invoker),
        now=services.clock.now,
        last_reap=settings.home / "last-reap",
    )
    rooms = _rooms(settings, template, services, ticker, supervisor)
    door = FrontDoor(has=api.has, public_url=settings.public_url)
    gateway = Gateway((rooms.answer, door.answer, api.answer), settings.prefix, services.clock.now)
    server = make_server(gateway, socket.socket(fileno=settings.listening), trusted_proxy=settings.trusted_proxy)
    _end_on_sigterm(ticker)
    ready = Readiness(api.answer, supervisor)
    threading.Thread(target=ticker.run, args=((ready.tell,),), name="ticker", daemon=True).start()
    server.run()


def _builds(template: Template, home: Home) -> ShownBuilds | None:
    project = build_project(template)
    return ShownBuilds.of(project.name, home.aws / "builds") if project else None


def _rooms(
    settings: GatewaySettings, template: Template, services: Services, ticker: Ticker, supervisor: SupervisorLine
) -> Rooms:
    home = Home(path=settings.home)
    clock = MovableClock(settings.clock) if settings.emulated and settings.clock is not None else None
    machine = Machine(
        now=services.clock.now,
        clock=clock,
        tick=ticker.run_once,
        supervisor=supervisor,
        provider=settings.provider,
        emulated=settings.emulated,
        builds=_builds(template, home),
    )
    return Rooms(
        guard=Guard(hosts=settings.hosts, operators=services.keyring.operators),
        mails=MailView(path=settings.mail or home.mail),
        state=machine.state,
        advance_clock=machine.advance_clock if clock is not None else None,
    )


def _end_on_sigterm(ticker: Ticker) -> None:
    def end(_signal: int, _frame: FrameType | None) -> None:
        ticker.stop(LAST_TICK_WITHIN_SECONDS)
        os._exit(0)

    signal.signal(signal.SIGTERM, end)
