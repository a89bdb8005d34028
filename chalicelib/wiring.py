"""From settings to services: the only file that names adapters, each by the scheme of its place.

Adapters are imported when they are chosen, so that a cold start pays for no other. A scheme that is missing here has
been refused by `config` already.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from chalicelib import invocation
from chalicelib.config import Place, Settings, is_plain_url
from chalicelib.domain.errors import CounterFull, PublicUrlUnknown, RateLimited
from chalicelib.domain.limits import (
    PROVIDER_REQUESTS,
    PROVIDER_REQUESTS_FOR_CREATES,
    PROVIDER_REQUESTS_PER_HOUR,
)
from chalicelib.operations import ports, ration
from chalicelib.operations.seldom import SeldomAlarms
from chalicelib.operations.services import Services
from chalicelib.storage.audit import StoredAudit
from chalicelib.storage.breaker import StoredBreaker
from chalicelib.storage.catalogue import StoredCatalogue
from chalicelib.storage.durations import StoredDurations
from chalicelib.storage.instances import StoredInstances
from chalicelib.storage.runs import StoredRuns
from chalicelib.storage.stack import StoredStack
from chalicelib.storage.table import Table

if TYPE_CHECKING:
    from chalicelib.adapters.file_keyring import FileKeyring
    from chalicelib.adapters.ssm_keyring import SsmKeyring

PROBE_SECONDS = 5.0
"""The longest look at a machine's host key: a machine that needs more is looked at again."""

BUILDER_SLOTS = 20
"""Builders at once where the setting does not say."""

SUBMISSION_PORT, SMTPS_PORT = 587, 465
"""Where mail servers take letters, first in plain text or in TLS at once (RFC 6409, RFC 8314)."""


def services(settings: Settings) -> Services:
    """One of each port, as the settings say.

    Nothing is asked over a network here, but for the public URL where that is a parameter beside the keyring's: one
    request, which brings the keyring too. StoreUnavailable comes of it alone.
    """
    from chalicelib.adapters.ed25519_identities import Ed25519Identities  # noqa: PLC0415 -- imported when chosen
    from chalicelib.adapters.log_alarms import LogAlarms  # noqa: PLC0415 -- same
    from chalicelib.adapters.random_ids import RandomIds  # noqa: PLC0415 -- same
    from chalicelib.adapters.ssh_probe import SshProbe  # noqa: PLC0415 -- same

    clock, keyring = _clock(settings.clock), _keyring(settings.keyring)
    find_url = _url_finder(settings, keyring)
    table = _table(settings.store, clock)
    instances = StoredInstances(table)
    return Services(
        instances=instances,
        servers=_servers(settings, keyring, instances, clock),
        installer=_installer(settings.builder, SeldomAlarms(LogAlarms(), instances, clock)),
        mailer=_mailer(settings.mail, keyring),
        letters=_letters(settings, find_url),
        probe=SshProbe(settings.ssh_port, PROBE_SECONDS),
        nudge=_nudge(settings.nudge),
        keyring=keyring,
        identities=Ed25519Identities(),
        catalogue=StoredCatalogue(table),
        stack=StoredStack(table),
        runs=StoredRuns(table),
        breaker=StoredBreaker(table),
        durations=StoredDurations(table),
        alarms=LogAlarms(),
        audit=StoredAudit(table),
        clock=clock,
        ids=RandomIds(),
        limits=settings.limits,
        find_url=find_url,
        ssh_port=settings.ssh_port,
    )


def _table(place: Place, clock: ports.Clock) -> Table:
    if place.scheme == "dynamodb":
        from chalicelib.adapters.dynamo_table import DynamoTable  # noqa: PLC0415 -- imported when chosen

        return DynamoTable(place.host)
    from chalicelib.adapters.sqlite_table import SqliteTable  # noqa: PLC0415 -- imported when chosen

    return SqliteTable(Path(place.path), clock=clock)


def _clock(place: Place) -> ports.Clock:
    if place.scheme == "file":
        from chalicelib.adapters.file_clock import FileClock  # noqa: PLC0415 -- imported when chosen

        return FileClock(place.path)
    from chalicelib.adapters.system_clock import SystemClock  # noqa: PLC0415 -- imported when chosen

    return SystemClock()


def _keyring(place: Place) -> FileKeyring | SsmKeyring:
    if place.scheme == "ssm":
        from chalicelib.adapters.ssm_keyring import SsmKeyring  # noqa: PLC0415 -- imported when chosen

        return SsmKeyring(place.path)
    from chalicelib.adapters.file_keyring import FileKeyring  # noqa: PLC0415 -- imported when chosen

    return FileKeyring(place.path)


def _url_finder(settings: Settings, keyring: FileKeyring | SsmKeyring) -> Callable[[], str]:
    """What tells the public URL when somebody needs it: whoever only ends machines goes on while nobody knows it."""
    if (url := settings.public_url) is not None:
        return lambda: url
    keyring.refresh()  # a function that cannot read its secrets does not start
    return lambda: _stored_url(keyring)


def _stored_url(keyring: FileKeyring | SsmKeyring) -> str:
    from chalicelib.adapters.ssm_keyring import SsmKeyring  # noqa: PLC0415 -- chosen by the keyring's place

    url = keyring.public_url().rstrip("/") if isinstance(keyring, SsmKeyring) else ""
    if not is_plain_url(url):
        raise PublicUrlUnknown("The service does not know its own address. Its operator has to mend that.")
    return url


def _servers(
    settings: Settings, keyring: FileKeyring | SsmKeyring, instances: ports.Instances, clock: ports.Clock
) -> ports.Servers:
    from chalicelib.adapters.hetzner_servers import HetznerServers  # noqa: PLC0415 -- imported when chosen
    from chalicelib.adapters.renewed_servers import RenewedServers  # noqa: PLC0415 -- same

    def spend(creates_server: bool) -> None:
        spend_provider_request(instances, clock, creates_server=creates_server)

    servers = HetznerServers(
        settings.hetzner_endpoint,
        keyring.hetzner_token,
        budget=spend,
        clock=clock.now,
        seconds_left=invocation.seconds_left,
    )
    return RenewedServers(servers, keyring.refresh)


def _installer(place: Place, alarms: ports.Alarms) -> ports.Installer:
    if place.scheme == "codebuild":
        from chalicelib.adapters.codebuild_installer import CodebuildInstaller  # noqa: PLC0415 -- imported when chosen

        return CodebuildInstaller(place.host, alarms)
    if place.scheme == "fargate":
        from chalicelib.adapters.fargate_installer import FargateInstaller, FargateTask  # noqa: PLC0415 -- same

        task = FargateTask(
            cluster=place.host,
            definition=place.path.strip("/"),
            subnets=tuple(place.option("subnets").split(",")),
            security_groups=tuple(group for group in place.option("security_groups").split(",") if group),
            container=place.option("container") or "builder",
            public_ip=place.option("public_ip") != "off",
        )
        return FargateInstaller(task, alarms)
    from chalicelib.adapters.process_installer import ProcessInstaller  # noqa: PLC0415 -- imported when chosen

    return ProcessInstaller(place.path, place.number("slots", BUILDER_SLOTS))


def _mailer(place: Place, keyring: FileKeyring | SsmKeyring) -> ports.Mailer:
    if place.scheme == "maildir":
        from chalicelib.adapters.maildir_mailer import MaildirMailer  # noqa: PLC0415 -- imported when chosen

        return MaildirMailer(place.path)
    if place.scheme == "ses":
        from chalicelib.adapters.ses_mailer import SesMailer  # noqa: PLC0415 -- imported when chosen

        return SesMailer(place.host, place.option("configuration_set") or None)
    from chalicelib.adapters.smtp_mailer import SmtpMailer, SmtpServer, Tls  # noqa: PLC0415 -- imported when chosen

    at_once = place.scheme == "smtps"
    server = SmtpServer(
        host=place.host,
        port=place.port or (SMTPS_PORT if at_once else SUBMISSION_PORT),
        tls=Tls.FROM_THE_START if at_once else Tls.OFF if place.option("tls") == "off" else Tls.STARTTLS,
        user=place.user,
        ca=place.option("ca") or None,
    )
    return SmtpMailer(server, keyring.smtp_password)


def _letters(settings: Settings, find_url: Callable[[], str]) -> ports.Letters:
    from chalicelib.web.letters import TemplateLetters  # noqa: PLC0415 -- imported when chosen

    return TemplateLetters(
        find_url=find_url,
        ssh_port=settings.ssh_port,
        sender=settings.mail_from,
        reply_to=settings.mail_operator,
    )


def _nudge(place: Place) -> ports.Nudge:
    if place.scheme == "lambda":
        from chalicelib.adapters.lambda_nudge import LambdaNudge  # noqa: PLC0415 -- imported when chosen

        return LambdaNudge(place.host)
    from chalicelib.adapters.thread_nudge import ThreadNudge  # noqa: PLC0415 -- imported when chosen

    return ThreadNudge()  # whoever owns the process says what a nudge calls (`attach`)


def spend_provider_request(instances: ports.Instances, clock: ports.Clock, *, creates_server: bool) -> None:
    """Count one provider request, for all functions together; RateLimited when those of an hour are used up.

    The last tenth of the budget is for creates, so that sweeps and looks cannot keep a guest waiting.
    """
    kept_back = 0 if creates_server else PROVIDER_REQUESTS_FOR_CREATES
    try:
        ration.take(instances, clock, PROVIDER_REQUESTS, cap=PROVIDER_REQUESTS_PER_HOUR - kept_back)
    except CounterFull as full:
        left = max(math.ceil((full.data["room_at"] - clock.now()).total_seconds()), 1)
        raise RateLimited("This hour's requests to the provider are used up.", retry_after=left) from full
