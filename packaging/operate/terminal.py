"""What passes between these tools and the person: lines, questions without echo, secrets that are shown once."""

from __future__ import annotations

import getpass
import os
import sys
from typing import Protocol

from operate.failure import OperateFailed


class Terminal(Protocol):
    """A person in front of a screen, or none."""

    def say(self, line: str) -> None:
        """Show a line."""

    def show_secret(self, line: str) -> None:
        """Show a line that must not be kept anywhere; OperateFailed where there is no screen."""

    def require_screen(self) -> None:
        """OperateFailed where a secret could not be shown."""

    def ask(self, question: str) -> str:
        """The answer to a question."""

    def ask_secret(self, question: str) -> str:
        """The answer to a question, without echo; OperateFailed where nobody can be asked."""

    def variable(self, name: str) -> str:
        """A variable of the person's environment; empty when it is not set."""


class Screen:
    """Standard output and input of this process."""

    def say(self, line: str) -> None:
        """Show a line."""
        sys.stdout.write(line + "\n")
        sys.stdout.flush()

    def show_secret(self, line: str) -> None:
        """Show a line on a terminal."""
        self.require_screen()
        self.say(line)

    def require_screen(self) -> None:
        """OperateFailed when standard output is a file or a pipe: a secret would be kept in it."""
        if not sys.stdout.isatty():
            raise OperateFailed("A secret is shown on a terminal only, and standard output is none.")

    def ask(self, question: str) -> str:
        """Read a line from standard input; empty at its end."""
        sys.stdout.write(question)
        sys.stdout.flush()
        return sys.stdin.readline().strip()

    def ask_secret(self, question: str) -> str:
        """Ask on the terminal, without echo."""
        if not sys.stdin.isatty():
            raise OperateFailed(f"There is no terminal to ask on: {question.strip()}")
        return getpass.getpass(question).strip()

    def variable(self, name: str) -> str:
        """A variable of this process."""
        return os.environ.get(name, "")  # noqa: TID251 -- the one reader of the environment of these tools
