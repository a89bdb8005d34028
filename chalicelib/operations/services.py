"""One of each port, the operator's limits, who acts, and the few plain settings: what every verb is given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from chalicelib.domain.audit import SCHEDULE, Actor
from chalicelib.domain.limits import Limits
from chalicelib.operations import ports


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """`find_url` tells the public URL when asked; `ssh_port` is where machines answer (22 but for emulated ones).

    `actor` is on whose behalf a verb is carried out; what is written is audited as theirs.
    """

    instances: ports.Instances
    servers: ports.Servers
    installer: ports.Installer
    mailer: ports.Mailer
    letters: ports.Letters
    probe: ports.Probe
    nudge: ports.Nudge
    keyring: ports.Keyring
    identities: ports.Identities
    catalogue: ports.Catalogue
    stack: ports.Stack
    runs: ports.Runs
    breaker: ports.Breaker
    durations: ports.Durations
    alarms: ports.Alarms
    audit: ports.Audit
    clock: ports.Clock
    ids: ports.Ids
    limits: Limits
    find_url: Callable[[], str]
    ssh_port: int = 22
    actor: Actor = SCHEDULE

    @property
    def public_url(self) -> str:
        """Where people and builders reach the service, without a trailing slash; PublicUrlUnknown, StoreUnavailable."""
        return self.find_url()
