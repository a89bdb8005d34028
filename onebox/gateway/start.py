"""Putting the gateway together and running it until SIGTERM.

It is built to be killed at any moment; SIGTERM only grants a tick that is going on a moment to end.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
import time
from functools import partial
from types import FrameType

from chalicelib.config import ConfigError
from chalicelib.operations.hurry import hurry
from onebox.gateway import product
from onebox.gateway.dispatch import Dispatch
from onebox.gateway.ended_builds import EndedBuilds
from onebox.gateway.front_door import FrontDoor
from onebox.gateway.machine import Machine
from onebox.gateway.mail_view import MailView
from onebox.gateway.movable_clock import MovableClock
from onebox.gateway.operator import Guard
from onebox.gateway.readiness import Readiness
from onebox.gateway.rooms import Rooms
from onebox.gateway.server import make_server
from onebox.gateway.settings import GatewaySettings, environment, gateway_settings
from onebox.gateway.supervisor_line import SupervisorLine
from onebox.gateway.ticker import Ticker
from onebox.gateway.wsgi import Gateway

CANNOT_START = 2
"""Exit status that says: starting again will not help."""

LAST_TICK_WITHIN_SECONDS = 1.0
FOUND_AGAIN_AFTER_SECONDS = 0.5


def run() -> int:
    """Serve until SIGTERM ends the process; returns an exit status when it cannot start."""
    settings = gateway_settings(environment())
    try:
        loaded = product.load(settings.kill_after)
    except (ConfigError, ValueError) as error:  # the latter: a failpoint that names nothing
        sys.stderr.write(f"{error}\n")
        return CANNOT_START
    _found(loaded, settings)
    loaded.listen_to_nudges()
    _serve(loaded, settings)
    return 1


def _found(loaded: product.Product, settings: GatewaySettings) -> None:
    """Found the stack; while the provider or the table does not answer, say so and try again."""
    while True:
        try:
            loaded.found(table=settings.make_table, release_leases=settings.expire_leases)
        except Exception as error:  # noqa: BLE001 -- whatever it is, it is said, and nothing can go on without it
            sys.stderr.write(f"not founded yet: {type(error).__name__}: {error}\n")
            time.sleep(FOUND_AGAIN_AFTER_SECONDS)
        else:
            return


def _serve(loaded: product.Product, settings: GatewaySettings) -> None:
    supervisor = SupervisorLine(path=settings.home / "run" / "supervisor.sock")
    dispatch = Dispatch(loaded.module.app)
    ticker = Ticker(
        tick=loaded.module.tick,
        reap=loaded.module.reap,
        now=loaded.services.clock.now,
        last_reap=settings.home / "last-reap",
    )
    rooms = _rooms(loaded, settings, ticker, supervisor)
    door = FrontDoor(has=dispatch.has, public_url=settings.public_url)
    handlers = (rooms.answer, door.answer, dispatch.answer)
    gateway = Gateway(handlers, settings.prefix, loaded.services.clock.now, page=loaded.page)
    server = make_server(gateway, socket.socket(fileno=settings.listening), trusted_proxy=settings.trusted_proxy)
    _end_on_sigterm(ticker)
    ready = Readiness(dispatch.answer, supervisor)
    ended = EndedBuilds(supervisor=supervisor, hurry=partial(hurry, loaded.services))
    each_time = (ready.tell, ended.look)
    threading.Thread(target=ticker.run, args=(each_time,), name="ticker", daemon=True).start()
    server.run()


def _rooms(loaded: product.Product, settings: GatewaySettings, ticker: Ticker, supervisor: SupervisorLine) -> Rooms:
    movable = settings.emulated and settings.clock is not None
    machine = Machine(
        now=loaded.services.clock.now,
        clock=MovableClock(settings.clock) if movable and settings.clock is not None else None,
        tick=ticker.run_once,
        supervisor=supervisor,
        provider=settings.provider,
        emulated=settings.emulated,
    )
    return Rooms(
        guard=Guard(hosts=settings.hosts, operators=loaded.unwatched.keyring.operators),
        mails=MailView(path=settings.mail or settings.home / "mail"),
        state=machine.state,
        advance_clock=machine.advance_clock if movable else None,
    )


def _end_on_sigterm(ticker: Ticker) -> None:
    def end(_signal: int, _frame: FrameType | None) -> None:
        ticker.stop(LAST_TICK_WITHIN_SECONDS)
        os._exit(0)

    signal.signal(signal.SIGTERM, end)
