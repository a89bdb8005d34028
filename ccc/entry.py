"""From arguments to exit code: the one place that turns errors into words and numbers.

A reader who goes away (EPIPE) ends the command quietly with 0: the answer came, nobody wanted the rest. Ctrl-C is 130
everywhere.
"""

from __future__ import annotations

import os
import sys
from typing import TextIO

import click
from click.shell_completion import shell_complete

from ccc.cli import cli
from ccc.environment import completion_request
from ccc.errors import CliError, WrongUse
from ccc.output import is_terminal, say
from ccc.program import program
from ccc.ssh_key_argument import MAKE_KEY, is_private

COMPLETION = "_CCC_COMPLETE"
INTERRUPTED = 130


def run(arguments: list[str]) -> int:
    """Run one command line and return its exit code."""
    try:
        code = _run(arguments)
        if sys.stdout:
            sys.stdout.flush()
    except BrokenPipeError:
        _let_go_of(sys.stdout, sys.stderr)
        return 0
    except OSError as error:  # a full disk under stdout, a folder that went away
        _let_go_of(sys.stdout)
        say(f"Error: {error.strerror or error}.")
        return 1
    return code


def _run(arguments: list[str]) -> int:
    try:
        instruction = completion_request(COMPLETION)
        if instruction:
            return shell_complete(cli, {}, "ccc", COMPLETION, instruction)
        _refuse_private_keys(arguments)
        return _invoke(arguments)
    except CliError as error:
        for line in error.lines():
            say(line)
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        say("\nInterrupted." if is_terminal(sys.stderr) else "Interrupted.")  # behind a prompt and the terminal's ^C
        return INTERRUPTED
    except click.ClickException as error:
        error.show()
        return error.exit_code


def _invoke(arguments: list[str]) -> int:
    try:
        with cli.make_context(program(), list(arguments)) as ctx:
            cli.invoke(ctx)
    except click.exceptions.Exit as done:
        return done.exit_code
    return 0


def _refuse_private_keys(arguments: list[str]) -> None:
    """Stop before the parser sees one: its complaint about `-----BEGIN…` would quote the whole key."""
    own = arguments[: arguments.index("--")] if arguments[:1] == ["ssh"] and "--" in arguments else arguments
    if is_private(" ".join(own)):
        raise WrongUse("That is a private key: it stays with you and was not sent.", next_command=MAKE_KEY)


def _let_go_of(*streams: TextIO | None) -> None:
    """Point streams at nothing, so that the interpreter's last flush has nothing to complain about."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in streams:
        if stream:
            os.dup2(nowhere, stream.fileno())
