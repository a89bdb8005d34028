"""Starting one life of a stack: check, lock the folder, end what an earlier life left, make the keys, supervise."""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Mapping

from onebox import marks
from onebox.aws.artefact import NotPackaged
from onebox.build_folder import forget_secrets, throw_away_old
from onebox.commands import Commands
from onebox.console import Console
from onebox.home import Home, HomeTaken
from onebox.keys import Keys, keep_keys
from onebox.ports import PortTaken, check_free, kept_free_port, listen
from onebox.prerequisites import Missing, check_machine, wants_dynamodb_local
from onebox.product_environment import public_url
from onebox.ready import Announcement
from onebox.settings import BoxSettings, WrongSettings, box_settings
from onebox.supervisor import Supervisor
from onebox.whole_file import replace_file


def start(variables: Mapping[str, str]) -> int:
    """Run a stack until it is told to end; returns the exit status, 1 with a sentence when it cannot be started."""
    os.umask(0o077)  # whatever anybody writes here is this user's alone
    try:
        settings = box_settings(variables)
        check_machine(settings)
        home = Home(path=settings.home)
        _make(home)
        with home.lock():
            home.be_made_of(settings.stack)
            home.belong_to(settings.provider)
            return _supervise(settings, home)
    except (WrongSettings, Missing, NotPackaged, HomeTaken, PortTaken) as error:
        sys.stderr.write(f"{error}\n")
        return 1


def _make(home: Home) -> None:
    try:
        home.make()
    except OSError as error:
        raise WrongSettings(f"CCC_HOME cannot be {home.path}: {error.strerror}.") from error


def _supervise(settings: BoxSettings, home: Home) -> int:
    marks.end_marked(marks.of_home(home.path))
    throw_away_old(home.builds, frozenset())
    forget_secrets(home.builds)
    keys = keep_keys(home, settings.real_token)
    if settings.emulated:
        check_free(settings.emulator_port, "CCC_EMULATOR_PORT")
        replace_file(home.emulator / "tokens", f"{keys.hetzner_token}\n")
    with listen(settings.port, "CCC_PORT") as listening:
        commands = _commands(settings, home, listening.fileno())
        return Supervisor(commands, _announcement(settings, keys), Console()).run()


def _commands(settings: BoxSettings, home: Home, listening: int) -> Commands:
    life = secrets.token_hex(4)
    if settings.stack == "aws":
        from onebox.aws.start import aws_commands  # noqa: PLC0415 -- botocore's time is for those who rehearse the cloud

        return aws_commands(settings, home, life=life, listening=listening)
    return Commands(
        settings=settings,
        home=home,
        life=life,
        listening=listening,
        dynamodb_port=kept_free_port(home.path / "dynamodb-port") if wants_dynamodb_local(settings) else None,
    )


def _announcement(settings: BoxSettings, keys: Keys) -> Announcement:
    return Announcement(
        url=public_url(settings),
        port=settings.port,
        token=keys.operator_token,
        provider=settings.provider,
        endpoint=settings.endpoint,
        hetzner_token=keys.hetzner_token,
    )
