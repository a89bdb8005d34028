"""The one error of these tools: a sentence for the person who typed the command, and what to type next."""

from __future__ import annotations

import re

_COMMAND = re.compile(r"\bmake (deploy|destroy|package|secrets|smoke)\b(?! STAGE=)")
"""A command that works on `dev` where no stage is named."""


class OperateFailed(Exception):
    """Something was refused or did not work; `remedy` is a command or a hint, empty where there is none."""

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.remedy = remedy

    def told(self, stage: str = "…") -> str:
        """The message, and the remedy on a line of its own; each command in it names the stage that was worked on."""
        remedy = _COMMAND.sub(lambda found: f"{found[0]} STAGE={stage}", self.remedy)
        return f"{self}\n  do: {remedy}" if remedy else str(self)
