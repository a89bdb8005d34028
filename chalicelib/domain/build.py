"""The contract between the control plane and the builder job: the order, the reports, the causes of failure.

`builder/` imports this module and nothing else of the service. Both documents travel as JSON (`as_json`, `from_json`).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

MAX_ATTEMPTS = 3
"""Attempts per instance; then it fails, the server is deleted and nothing is charged (rule R14)."""

LOG_TAIL_CHARS = 4096
"""The longest log tail that is kept for the guest's page."""

INSTALL_WITHIN = timedelta(minutes=45)
"""From the first claim until the machine runs."""

INSTALL_AT_MOST = timedelta(minutes=60)
"""From the first attempt's start until the machine runs, claimed or not."""


class Phase(StrEnum):
    """What the builder is doing, in the order in which it happens."""

    SSH = "ssh"
    KEXEC = "kexec"
    DISKO = "disko"
    COPY = "copy"
    INSTALL = "install"
    REBOOT = "reboot"
    VERIFY = "verify"


NEEDS_PERMISSION = frozenset({Phase.KEXEC, Phase.DISKO})
"""Phases the builder may begin only after the control plane has said yes (rule R18)."""


class Outcome(StrEnum):
    """How a build ended."""

    READY = "ready"
    FAILED = "failed"


class Cause(StrEnum):
    """Why an instance could not be had: the fixed vocabulary of failures."""

    STOCK = "stock"
    PROVIDER = "provider"
    PROVIDER_LIMIT = "provider_limit"
    LIMIT = "limit"
    NO_BUILDER = "no_builder"
    BUILDER_LOST = "builder_lost"
    NEVER_CLAIMED = "never_claimed"
    SSH_NEVER_UP = "ssh_never_up"
    WRONG_HOST_KEY = "wrong_host_key"
    KEXEC_FAILED = "kexec_failed"
    DISK = "disk"
    COPY_FAILED = "copy_failed"
    INSTALL_FAILED = "install_failed"
    WRONG_KEYS = "wrong_keys"
    NEVER_BACK = "never_back"
    TIMEOUT = "timeout"
    REVOKED = "revoked"
    STRANGER = "stranger"


EXPLANATIONS: dict[Cause, tuple[str, str]] = {
    Cause.STOCK: (
        "No server of the kind asked for is in stock at the moment.",
        "Try another type or location: the list of types shows what can be had now.",
    ),
    Cause.PROVIDER: (
        "The server provider did not give us a server in time.",
        "Nothing was charged. Try again in a few minutes.",
    ),
    Cause.PROVIDER_LIMIT: (
        "The service's account at the provider has reached its limit of servers.",
        "Nothing was charged. The operator has to raise the limit; try again later.",
    ),
    Cause.LIMIT: (
        "The service has reached a limit that its operator set.",
        "Nothing was charged. Try again later.",
    ),
    Cause.NO_BUILDER: (
        "Every builder was busy for an hour, so the machine could not be installed.",
        "Nothing was charged. Try again later.",
    ),
    Cause.BUILDER_LOST: (
        "The installation stopped without a word, three times.",
        "Nothing was charged. Try again; if it happens again, tell the operator.",
    ),
    Cause.NEVER_CLAIMED: (
        "The installation never began.",
        "Nothing was charged. Try again; if it happens again, tell the operator.",
    ),
    Cause.SSH_NEVER_UP: ("The new server never answered.", "Nothing was charged. Try again."),
    Cause.WRONG_HOST_KEY: (
        "The new server answered with a key that is not the one we gave it, so nothing was sent to it.",
        "Nothing was charged. It is noted for the operator; trying again may help.",
    ),
    Cause.KEXEC_FAILED: ("The server did not start the installer.", "Nothing was charged. Try again."),
    Cause.DISK: ("The server's disk could not be prepared.", "Nothing was charged. Try another type."),
    Cause.COPY_FAILED: ("The system could not be copied to the server.", "Nothing was charged. Try again."),
    Cause.INSTALL_FAILED: (
        "The system could not be installed on the server.",
        "Nothing was charged. Try again.",
    ),
    Cause.WRONG_KEYS: (
        "The installed machine would have let in other keys than yours, so it was thrown away.",
        "Nothing was charged. It is noted for the operator; trying again may help.",
    ),
    Cause.NEVER_BACK: (
        "The machine did not come back after its installation.",
        "Nothing was charged. Try again.",
    ),
    Cause.TIMEOUT: ("The installation took too long.", "Nothing was charged. Try again."),
    Cause.REVOKED: ("The installation was called off.", "Nothing was charged."),
    Cause.STRANGER: (
        "A server of this name, which is not ours, stands at the provider.",
        "Nothing was charged and the server was not touched. It is noted for the operator; trying again may help.",
    ),
}
"""For every cause: a sentence for the guest, and what to do next."""

FINAL_CAUSES = frozenset({Cause.WRONG_HOST_KEY, Cause.WRONG_KEYS, Cause.REVOKED})
"""Causes after which no further attempt is made."""

SUSPICIOUS_CAUSES = frozenset({Cause.WRONG_HOST_KEY, Cause.WRONG_KEYS})
"""Causes that may mean that somebody stands between us and the machine: a person has to look (row B13)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPair:
    """An ed25519 key: the private half in OpenSSH's file format, the public half as `type base64`."""

    private: str
    public: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildOrder:
    """All a builder needs, answered to its claim.

    `authorized_key` is the guest's line, byte for byte what `authorized_keys` must hold; `record` becomes
    `instance.json` on the machine. `deadline` is when the control plane gives up on the attempt.
    """

    instance_id: str
    attempt: int
    address: str
    ssh_port: int
    bootstrap_host_key: str
    install_key: KeyPair
    final_host_key: KeyPair
    authorized_key: str
    record: dict[str, Any]
    deadline: datetime
    build_token: str

    def as_json(self) -> dict[str, Any]:
        """The order as a JSON document."""
        return {**asdict(self), "deadline": self.deadline.isoformat()}

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> BuildOrder:
        """The order out of its JSON document; KeyError or TypeError when it is not one."""
        values = dict(document)
        values["deadline"] = datetime.fromisoformat(values["deadline"])
        values["install_key"] = KeyPair(**values["install_key"])
        values["final_host_key"] = KeyPair(**values["final_host_key"])
        return cls(**values)


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildReport:
    """One thing the builder says: a phase it begins (or asks to begin), or the outcome; with a log tail or without.

    Exactly one of `phase` and `outcome` is set; `cause` and `detail` go with a failed outcome.
    """

    phase: Phase | None = None
    outcome: Outcome | None = None
    cause: Cause | None = None
    detail: str = ""
    log_tail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseStart:
    """A phase and when the builder began it."""

    phase: Phase
    started_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildRecord:
    """All that one attempt has said: kept in an item of its own, so that the instance's row stays small.

    `nonce` binds the claim to the one builder that made it; `permitted` holds the phases it was allowed to begin.
    """

    instance_id: str
    attempt: int
    nonce: str
    claimed_at: datetime
    phases: tuple[PhaseStart, ...] = ()
    permitted: frozenset[Phase] = frozenset()
    outcome: Outcome | None = None
    cause: Cause | None = None
    detail: str = ""
    reported_at: datetime | None = None
    log_tail: str = ""
    op_id: str = ""
    version: int = 0

    @property
    def touched_disk(self) -> bool:
        """Whether the server may no longer be the stock system, so that a next attempt needs it rebuilt."""
        return bool(self.permitted)
