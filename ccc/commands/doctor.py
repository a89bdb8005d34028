"""`ccc doctor`: what is here and what is missing for running the service on this machine, each with its remedy."""

from __future__ import annotations

from pathlib import Path

import click

from ccc import checked_programs, checked_provider, checked_system
from ccc.checked_service import service
from ccc.connection import api_at, connection_of
from ccc.environment import MachineEnvironment, read_machine_environment
from ccc.errors import CliError, Failed
from ccc.finding import Finding, State, missing, note
from ccc.output import emit, tell
from ccc.pins import CHECKOUT, read_pins
from ccc.program import pasteable
from ccc.verb import Verb, example, wants_json

WIDTH = max(len(state) for state in State) + 2


@click.command("doctor", cls=Verb, short_help="Look for what is missing here.", epilog=example("ccc doctor"))
@click.pass_context
def command(ctx: click.Context) -> None:
    """Say what is here and what is missing for running the service on this machine (make up).

    With HCLOUD_TOKEN that is all that real machines need; without it, what the emulator needs. Nothing is changed, and
    the exit code is 1 when something is missing.
    """
    environment = read_machine_environment()
    findings = [*of_machine(environment, CHECKOUT), *_of_service(ctx)]
    absent = sum(finding.state is State.MISSING for finding in findings)
    if wants_json(ctx):
        provider = "hetzner" if environment.token_set and not environment.endpoint else "emulator"
        emit({"ok": not absent, "provider": provider, "checks": [finding.document() for finding in findings]})
    else:
        _show(findings)
    if absent:
        raise Failed(f"{absent} of these {'is' if absent == 1 else 'are'} missing or wrong.", next_command="ccc doctor")


def of_machine(environment: MachineEnvironment, checkout: Path) -> list[Finding]:
    """Return what was found on this machine for the provider that the environment chooses."""
    path = environment.path
    findings = [checked_programs.linux(), checked_programs.python(), checked_programs.ssh(path)]
    findings += checked_provider.provider(token_set=environment.token_set, endpoint=environment.endpoint)
    if not environment.token_set:
        return findings
    findings += [checked_programs.nix(path), checked_programs.flakes(path)]
    pins = read_pins(checkout)
    if pins is None:
        return [*findings, missing("checkout", "this ccc is not part of one", "bin/ccc doctor    (in the checkout)")]
    return [
        *findings,
        checked_programs.nixos_anywhere(path, pins),
        checked_system.store_paths(environment.store_paths, checkout),
        checked_system.kexec(environment.kexec, pins),
        checked_provider.public_url(environment.public_url),
    ]


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
