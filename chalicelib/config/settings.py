"""The environment as one frozen value; every problem in it is reported at once, by the name of its variable.

Nothing that is a URL has a default: whoever starts the product composes them (one box from `CCC_HOME` and its ports).
Which adapter a URL's scheme leads to is `wiring.py`'s matter; a scheme that nobody serves is a problem here.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from email.utils import parseaddr

from chalicelib.config.cloud import cloud_problems
from chalicelib.config.mail import mail_problems
from chalicelib.config.place import Place
from chalicelib.config.variables import Variables
from chalicelib.domain.limits import Limits, Rounding
from chalicelib.domain.signup import SignupKind, SignupPolicy

SCHEMES: Mapping[str, tuple[str, ...]] = {
    "CCC_STORE": ("sqlite", "dynamodb"),
    "CCC_MAIL": ("maildir", "smtp", "smtps", "ses"),
    "CCC_BUILDER": ("process", "codebuild", "fargate"),
    "CCC_KEYRING": ("file", "ssm"),
    "CCC_CLOCK": ("system", "file"),
    "CCC_NUDGE": ("thread", "lambda"),
}
"""What each place may be made of in this release."""

_ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:[0-9]{1,5})?")
_DOMAIN = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+")

URL_PARAMETER = "public_url"
"""The parameter of the stage that holds the address, beside those of the keyring."""

ON_DISK = frozenset({"sqlite", "maildir", "process", "file"})

CLAIM_WITHIN = {True: timedelta(minutes=2), False: timedelta(minutes=7)}
"""How long a builder may take to claim: one that is a child process claims at once, a platform starts it first."""


class ConfigError(Exception):
    """The environment is not complete or not right; `problems` holds a sentence for every variable concerned."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(("The settings are not right:", *(f"  {each}" for each in problems))))
        self.problems = problems


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the operator has decided; printing it shows no password (`Place` hides it).

    Without a `public_url` it is a parameter beside those of the keyring. `mail_operator` is who answers letters.
    """

    store: Place
    mail: Place
    mail_from: str
    mail_operator: str | None
    builder: Place
    keyring: Place
    clock: Place
    nudge: Place
    hetzner_endpoint: str
    public_url: str | None
    origins: tuple[str, ...]
    refused_domains: frozenset[str]
    limits: Limits
    ssh_port: int
    long_poll_seconds: int


def from_environment() -> Settings:
    """The settings of this process; ConfigError."""
    return settings(os.environ)  # noqa: TID251 -- the one file that reads the environment


def settings(environment: Mapping[str, str]) -> Settings:
    """The settings in a mapping of variables; ConfigError with everything that is wrong."""
    given = Variables(environment)
    keyring = _place(given, "CCC_KEYRING")
    read = Settings(
        store=_place(given, "CCC_STORE"),
        mail=_mail(given, "CCC_MAIL"),
        builder=_place(given, "CCC_BUILDER"),
        keyring=keyring,
        clock=_place(given, "CCC_CLOCK"),
        nudge=_place(given, "CCC_NUDGE"),
        mail_from=_sender(given, "CCC_MAIL_FROM"),
        mail_operator=_sender(given, "CCC_MAIL_OPERATOR", required=False) or None,
        hetzner_endpoint=given.url("CCC_HETZNER_ENDPOINT"),
        public_url=_public_url(given, "CCC_PUBLIC_URL", keyring),
        origins=_matching(given, "CCC_ORIGINS", _ORIGIN, "origins as browsers send them, such as https://example.org"),
        refused_domains=frozenset(_matching(given, "CCC_REFUSED_DOMAINS", _DOMAIN, "domains, such as example.org")),
        limits=_limits(given),
        ssh_port=given.whole("CCC_SSH_PORT", default=22, least=1, most=65535),
        long_poll_seconds=given.whole("CCC_LONG_POLL_SECONDS", default=0, least=0, most=60),
    )
    if given.problems:
        raise ConfigError(tuple(given.problems))
    return read


def _place(given: Variables, name: str) -> Place:
    place = given.place(name, SCHEMES[name])
    if place.scheme in ON_DISK and not place.path.startswith("/"):
        given.problem(name, f"needs an absolute path, as in {place.scheme}:///srv/ccc/…")
    if place.scheme == "dynamodb" and not place.host:
        given.problem(name, "needs the name of a table, as in dynamodb://ccc-prod")
    for why in cloud_problems(place):
        given.problem(name, why)
    if not place.has_number("slots"):
        given.problem(name, "has slots that are no whole number")
    return place


def _mail(given: Variables, name: str) -> Place:
    place = _place(given, name)
    for why in mail_problems(place):
        given.problem(name, why)
    at_localhost = parseaddr(given.optional("CCC_MAIL_FROM") or "")[1].endswith("@localhost")
    if at_localhost and place.host not in {"", "localhost", "127.0.0.1", "::1"}:
        given.problem("CCC_MAIL_FROM", "must be an address that your mail server sends for, not one at localhost")
    return place


def _public_url(given: Variables, name: str, keyring: Place) -> str | None:
    """The address itself, or None for the parameter `public_url` beside those of the keyring."""
    if not (given.optional(name) or "").startswith("ssm:"):
        return given.url(name)
    place = given.place(name, ("ssm",))
    beside = Place(scheme="ssm", path=f"{keyring.path.rstrip('/')}/{URL_PARAMETER}")
    if place != beside or keyring.scheme != "ssm":
        given.problem(name, "must name the parameter public_url beneath the path of CCC_KEYRING, or be an address")
    return None


def _matching(given: Variables, name: str, form: re.Pattern[str], what: str) -> tuple[str, ...]:
    """Optional names in lower case, each of this form."""
    found = tuple(each.lower() for each in given.names(name, required=False))
    if not all(map(form.fullmatch, found)):
        given.problem(name, f"must be {what}, separated by commas")
    return found


def _limits(given: Variables) -> Limits:
    max_life = given.whole("CCC_MAX_LIFE_HOURS", default=168, least=1)
    max_hours = given.whole("CCC_MAX_HOURS", default=72, least=1, most=max_life)
    return Limits(
        types=given.names("CCC_TYPES"),
        locations=given.names("CCC_LOCATIONS"),
        default_hours=given.whole("CCC_DEFAULT_HOURS", default=24, least=1, most=max_hours),
        max_hours=max_hours,
        max_life_hours=max_life,
        max_live=given.whole("CCC_MAX_LIVE", least=0),
        max_creates_per_hour=given.whole("CCC_MAX_CREATES_PER_HOUR", default=30, least=0),
        max_monthly_eur=given.money("CCC_MAX_MONTHLY_EUR"),
        per_owner=given.whole("CCC_PER_OWNER", default=1, least=1),
        rounding=Rounding(given.choice("CCC_LEASE_ROUNDING", tuple(Rounding), default=Rounding.UP)),
        claim_within=CLAIM_WITHIN[_place(given, "CCC_BUILDER").scheme == "process"],
        box_extend=given.flag("CCC_BOX_EXTEND", default=False),
        signup=_signup(given),
        per_source=given.whole("CCC_SIGNUPS_PER_SOURCE", default=10, least=1),
    )


def _sender(given: Variables, name: str, *, required: bool = True) -> str:
    text = given.text(name) if required else given.optional(name) or ""
    _, address = parseaddr(text)
    if text and ("@" not in address or not text.isprintable()):
        given.problem(name, "must be an address, such as Claude Code Cloud <box@example.org>")
    return text


def _signup(given: Variables) -> SignupPolicy:
    """`open`, `closed` (the default, since nobody said who may), or `allowlist:` with domains."""
    kind, _, listed = (given.optional("CCC_SIGNUP") or SignupKind.CLOSED).partition(":")
    domains = tuple(domain for part in listed.split(",") if (domain := part.strip().lower()))
    known = kind in {SignupKind.OPEN, SignupKind.CLOSED} and not listed
    if not known and not (kind == SignupKind.ALLOWLIST and domains and all(map(_DOMAIN.fullmatch, domains))):
        given.problem("CCC_SIGNUP", "must be open, closed, or allowlist: with domains behind it, separated by commas")
        return SignupPolicy(kind=SignupKind.CLOSED)
    return SignupPolicy(kind=SignupKind(kind), domains=domains)
