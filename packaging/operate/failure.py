"""The one error of these tools: a sentence for the person who typed the command, and what to type next."""

from __future__ import annotations


class OperateFailed(Exception):
    """Something was refused or did not work; `remedy` is a command or a hint, empty where there is none."""

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.remedy = remedy

    def told(self) -> str:
        """The message, and the remedy on a line of its own."""
        return f"{self}\n  do: {self.remedy}" if self.remedy else str(self)
