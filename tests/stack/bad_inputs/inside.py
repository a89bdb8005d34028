"""A look into a box from behind: the product's own services over its files, for what no stranger is ever told."""

from __future__ import annotations

import os
import signal
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from chalicelib import wiring
from chalicelib.config.settings import settings
from chalicelib.domain import budget
from chalicelib.domain.instance import Instance
from chalicelib.domain.tokens import Purpose
from chalicelib.operations import secrets_of
from chalicelib.operations.save import LIVE, spend_key
from chalicelib.operations.services import Services
from chalicelib.storage.rows import PREFIX
from onebox.aws.artefact import STAGE
from onebox.aws.commands import DEPLOYS_AS
from onebox.aws.environment import clock_url, product_variables
from onebox.aws.functions import by_handler, functions
from onebox.aws.template import Template
from onebox.home import Home
from onebox.product_environment import product_environment
from onebox.settings import BoxSettings, box_settings
from tests.stack import rows
from tests.stack.box import Box

LOCK_SECONDS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """How many rows there are, how many machines are counted as live, and what is set aside this month."""

    rows: int
    live: int
    spend: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Inside:
    """The box's own services, made a second time in this process."""

    services: Services
    box: Box

    @property
    def home(self) -> Path:
        """Everything that the box keeps."""
        return self.box.home

    def log(self) -> str:
        """Every line of whoever serves."""
        return "".join(file.read_text() for file in (self.home / "log").iterdir())

    def written(self) -> Written:
        """What a signup could have written or reserved."""
        spend = self.spend_key()
        counted = self.services.instances.counters([LIVE, spend])
        return Written(rows=rows.how_many(self.box, PREFIX), live=counted[LIVE], spend=counted[spend])

    def spend_key(self) -> str:
        """The counter of this month's money."""
        return spend_key(budget.month_of(self.services.clock.now()))

    def row(self, instance_id: str) -> Instance:
        """The row of an instance; AssertionError when there is none."""
        found = self.services.instances.get(instance_id)
        assert found is not None
        return found

    def token(self, instance_id: str, purpose: Purpose, serial: int = 0) -> str:
        """A token that only a mail, a builder or a machine is told."""
        return secrets_of.token(self.services, self.row(instance_id), purpose, serial)

    @contextmanager
    def budget_spent(self) -> Iterator[None]:
        """For a while, as much money is set aside as the operator allows in a month."""
        key, amount = self.spend_key(), int(self.services.limits.max_monthly_eur * 1_000_000)
        self.services.instances.add(key, amount, cap=None, expires_at=None)
        try:
            yield
        finally:
            self.services.instances.add(key, -amount, cap=None, expires_at=None)

    @contextmanager
    def nobody_writes(self) -> Iterator[None]:
        """For a while nothing can be written: whoever wants to waits (and in the cloud whoever reads too)."""
        if self.box.stack == "aws":
            store = self.box.processes()["dynamodb"]
            os.kill(store, signal.SIGSTOP)
            try:
                yield
            finally:
                os.kill(store, signal.SIGCONT)
            return
        (store_file,) = rows.files(self.box)
        with closing(sqlite3.connect(store_file, timeout=LOCK_SECONDS, isolation_level=None)) as file:
            file.execute("BEGIN IMMEDIATE")
            yield
            file.execute("ROLLBACK")


def inside_of(box: Box) -> Inside:
    """The services of a started box; of a rehearsed cloud only while this process is its operator's."""
    home = Home(path=box.home)
    variables = {
        "CCC_HOME": str(box.home),
        "CCC_PORT": str(box.port),
        "CCC_EMULATOR_PORT": str(box.emulator_port),
        **box.settings,
    }
    return Inside(services=wiring.services(settings(_environment(box_settings(variables), home))), box=box)


def _environment(given: BoxSettings, home: Home) -> Mapping[str, str]:
    """The product's settings, as whoever serves has them."""
    if given.stack == "onebox":
        return product_environment(given, home, ssh_port=22)
    (sam,) = (home.aws / "artefact").glob("*/sam.json")
    worker = by_handler(functions(Template.read(sam, STAGE)), DEPLOYS_AS)
    return product_variables(worker, given, clock_url(home.clock), ssh_port=22)
