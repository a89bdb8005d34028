"""`ccc doctor`: what is here and what is missing for running the service on this machine, each with its remedy.

With `--cloud` it is what is missing of a stage at AWS.
"""

from __future__ import annotations

from pathlib import Path

import click

from ccc import checked_programs, checked_provider
from ccc.checked_cloud import cloud
from ccc.checked_installing import installing
from ccc.checked_service import service
from ccc.checked_stack import stack
from ccc.cloud_account import INSTALL, Account, NotInstalled
from ccc.cloud_surroundings import surroundings
from ccc.connection import api_at, connection_of, require_token
from ccc.environment import MachineEnvironment, read_machine_environment
from ccc.errors import CliError, Failed, WrongUse
from ccc.finding import Finding, State, note
from ccc.output import emit, tell
from ccc.program import pasteable
from ccc.verb import Verb, example, wants_json

CHECKOUT = Path(__file__).resolve().parents[2]
WIDTH = max(len(state) for state in State) + 2


@click.command(
    "doctor",
    cls=Verb,
    short_help="Look for what is missing here.",
    epilog=example("ccc doctor", "ccc doctor --cloud --stage prod"),
)
@click.option("--cloud", "at_aws", is_flag=True, help="Look at a stage at AWS instead.")
@click.option("--stage", metavar="NAME", help="The stage, with --cloud [prod].")
@click.option("--region", metavar="NAME", help="Its region, with --cloud [AWS's own ways].")
@click.pass_context
def command(ctx: click.Context, at_aws: bool, stage: str | None, region: str | None) -> None:
    """Say what is here and what is missing for running the service on this machine (make up).

    With HCLOUD_TOKEN that is all that real machines need; without it, what the emulator needs. With --cloud it is what
    a stage at AWS needs: quotas, secrets, the provider's token and marker, letters, alarms. Nothing is changed, and the
    exit code is 1 when something is missing.
    """
    if not at_aws and (stage or region):
        raise WrongUse("--stage and --region belong to --cloud.", next_command="ccc doctor --cloud --stage prod")
    environment = read_machine_environment()
    if at_aws:
        findings, about = _of_cloud(ctx, stage or "prod", region, environment), {"stage": stage or "prod"}
    else:
        provider = "hetzner" if environment.token_set and not environment.endpoint else "emulator"
        findings, about = [*of_machine(environment, CHECKOUT), *_of_service(ctx)], {"provider": provider}
    absent = sum(finding.state is State.MISSING for finding in findings)
    if wants_json(ctx):
        emit({"ok": not absent, **about, "checks": [finding.document() for finding in findings]})
    else:
        _show(findings)
    if absent:
        again = f"ccc doctor --cloud --stage {stage or 'prod'}" if at_aws else "ccc doctor"
        raise Failed(f"{absent} of these {'is' if absent == 1 else 'are'} missing or wrong.", next_command=again)


def of_machine(environment: MachineEnvironment, checkout: Path) -> list[Finding]:
    """Return what was found on this machine for the provider that the environment chooses."""
    findings = [checked_programs.linux(), checked_programs.python()]
    provider = checked_provider.provider(token_set=environment.token_set, endpoint=environment.endpoint)
    if not environment.token_set:
        return [*findings, checked_programs.ssh(environment.path), *provider]
    return [
        *findings,
        *provider,
        *installing(checkout, environment.variables),
        checked_provider.public_url(environment.public_url),
    ]


def _of_cloud(ctx: click.Context, stage: str, region: str | None, environment: MachineEnvironment) -> list[Finding]:
    around = surroundings(environment.endpoint, environment.variables)
    try:
        account = Account(region)
    except NotInstalled:
        raise Failed("Looking at AWS needs botocore, which is not installed here.", next_command=INSTALL) from None
    return [*cloud(account, stage, around), *_of_stack(ctx)]


def _of_stack(ctx: click.Context) -> list[Finding]:
    """What the deployed service itself says to an operator; a note where no service or token is set."""
    try:
        connection = require_token(connection_of(ctx))
    except CliError as error:
        return [note("service", error.message.rstrip("."), error.next_command)]
    return stack(api_at(ctx, connection))


def _of_service(ctx: click.Context) -> list[Finding]:
    try:
        connection = connection_of(ctx, token_needed=False)
    except CliError as error:
        return [note("service", error.message.rstrip("."), error.next_command)]
    return service(api_at(ctx, connection), connection.url)


def _show(findings: list[Finding]) -> None:
    names = max(len(finding.name) for finding in findings) + 2
    for finding in findings:
        tell(f"{finding.state:<{WIDTH}}{finding.name:<{names}}{finding.found}")
        if finding.remedy:
            tell(f"{'':<{WIDTH + names}}do: {pasteable(finding.remedy)}")
