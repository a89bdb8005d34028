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

STEP_CHARS = 100
"""The longest title of a step that is kept."""

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
    """Why an instance could not be had: the fixed vocabulary of failures; in words: `explanations.py`."""

    STOCK = "stock"
    PROVIDER = "provider"
    PROVIDER_LIMIT = "provider_limit"
    LIMIT = "limit"
    PAUSED = "paused"
    NO_BUILDER = "no_builder"
    BUILDER_LOST = "builder_lost"
    NEVER_CLAIMED = "never_claimed"
    SSH_NEVER_UP = "ssh_never_up"
    KEY_REJECTED = "key_rejected"
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


BUILDERS_CAUSES = frozenset(
    {
        Cause.SSH_NEVER_UP,
        Cause.KEY_REJECTED,
        Cause.WRONG_HOST_KEY,
        Cause.KEXEC_FAILED,
        Cause.DISK,
        Cause.COPY_FAILED,
        Cause.INSTALL_FAILED,
        Cause.WRONG_KEYS,
        Cause.NEVER_BACK,
        Cause.TIMEOUT,
    }
)
"""What a builder may say; of markets, caps and its own absence the control plane alone knows (row C9)."""

FINAL_CAUSES = frozenset({Cause.WRONG_HOST_KEY, Cause.WRONG_KEYS})
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

    Exactly one of `phase` and `outcome` is set; `cause` and `detail` go with a failed outcome. `step` goes with a
    phase: what its program is doing in it now, in that program's words. A report with a step asks for nothing.
    """

    phase: Phase | None = None
    outcome: Outcome | None = None
    cause: Cause | None = None
    detail: str = ""
    log_tail: str = ""
    step: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseStart:
    """A phase and when the builder began it."""

    phase: Phase
    started_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildRecord:
    """All that one attempt has said: kept in an item of its own, so that the instance's row stays small.

    `nonce` binds the claim to the one builder that made it; `permitted` holds the phases it was allowed to begin;
    `step` is what it was doing last within the newest phase, empty where it did not say.
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
    step: str = ""
    op_id: str = ""
    version: int = 0

    @property
    def touched_disk(self) -> bool:
        """Whether the server may no longer be the stock system, so that a next attempt needs it rebuilt."""
        return bool(self.permitted)
