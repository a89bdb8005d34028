"""`make secrets`: what is missing is made, what is there stays; rotation puts new in front, forgetting takes old out.

Order of things: a secret is stored before it is shown, so that what was shown works. Whoever is killed in between
rotates once more. Nothing here writes a value anywhere but into SSM and, once, onto the terminal.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from operate import keyring, ownership, parameters, table
from operate.aws import Aws
from operate.failure import OperateFailed
from operate.keyring import Keyring
from operate.parameters import Parameter
from operate.provider import Project, TokenRejected
from operate.stack import look
from operate.stage import Stage
from operate.terminal import Terminal

SETTLED_SECONDS = 3600.0
"""A function may go on with what it read for half an hour while SSM is silent (`chalicelib/aws/parameters.py`)."""

TOKEN = re.compile(r"[A-Za-z0-9]{64}")
"""A token of Hetzner Cloud; a paste with a line's end or half of it is refused before it is stored."""

KEYRING, HETZNER, SMTP = "keyring", "hetzner_token", "smtp_password"
VARIABLE = "HCLOUD_TOKEN"
DELETED = (
    "With the token of another project nothing would be deleted any more, and everything would go on costing money.\n"
    "If you have seen this stack's servers in this very project, or know that there are none, and somebody deleted\n"
    "the marker (`ccc accept-restore --plant-marker` makes it anew):"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Secrets:
    """The secrets of a stage; `project` opens the provider's project of a token."""

    aws: Aws
    stage: Stage
    terminal: Terminal
    project: Callable[[str], Project]

    def complete(self) -> None:
        """Make what is missing: the keyring with an operator, and the provider's token."""
        if self._read(KEYRING) is None:
            self._first_keyring()
        else:
            self.terminal.say(f"{self._name(KEYRING)}: is there, and stays as it is")
        if self._read(HETZNER) is None:
            token = self._hetzner_token()
            self._require_own_project(token)
            parameters.make(self.aws, self._name(HETZNER), token)
            self.terminal.say(f"{self._name(HETZNER)}: stored")
        else:
            self.terminal.say(f"{self._name(HETZNER)}: is there, and stays as it is")

    def rotate_keyring(self) -> None:
        """Put a new secret in front of the others."""
        stored, before = self._keyring()
        after = keyring.with_secret(before)
        parameters.change(self.aws, self._name(KEYRING), after.text(), stored)
        self.terminal.say(f"{self._name(KEYRING)}: new rows are made with {after.ids[0]} within 5 minutes")
        self.terminal.say(f"  kept, for the rows that were made with them: {', '.join(before.ids)}")
        self.terminal.say(f"  when no row carries it any more (up to 38 days): {self._forgetting(before.ids[0])}")

    def rotate_operator(self) -> None:
        """Make one more operator's token, and show it once."""
        self.terminal.require_screen()
        stored, before = self._keyring()
        token = keyring.operator_token()
        after = keyring.with_operator(before, token)
        parameters.change(self.aws, self._name(KEYRING), after.text(), stored)
        self._show(token, after)
        if before.names:
            self.terminal.say(
                f"  still good: {', '.join(before.names)}; when nobody uses it: {self._forgetting('NAME')}"
            )

    def rotate_hetzner(self) -> None:
        """Put another token of the same project in the place of the provider's token."""
        before = self._read(HETZNER)
        if before is None:
            raise OperateFailed("There is no token yet.", f"make secrets STAGE={self.stage.name}")
        token = self._hetzner_token()
        if token == before.value:
            raise OperateFailed(
                "That is the token that is stored already.", "make another one in the provider's console"
            )
        if not self._require_own_project(token):
            self._require_same_project(before.value, token)
        parameters.change(self.aws, self._name(HETZNER), token, before)
        self.terminal.say(f"{self._name(HETZNER)}: stored; functions take it up within 5 minutes")
        self.terminal.say("  revoke the old one in the provider's console in half an hour, not earlier")

    def set_smtp(self) -> None:
        """Store the password of a mail server; a stage with SES needs none."""
        before, value = self._read(SMTP), self.terminal.ask_secret("Password for the mail server: ")
        if not value:
            raise OperateFailed("No password was typed.")
        if before is None:
            parameters.make(self.aws, self._name(SMTP), value)
        else:
            parameters.change(self.aws, self._name(SMTP), value, before)
        self.terminal.say(f"{self._name(SMTP)}: stored")

    def forget(self, name: str) -> None:
        """Take out an old secret that no row carries, or an operator, by its id."""
        stored, before = self._keyring()
        if name in before.names:
            after = keyring.without_operator(before, name)
        elif name in before.ids:
            after = keyring.without_secret(before, name)
            self._require_unused(name, stored)
        else:
            known = f"secrets {', '.join(before.ids)}; operators {', '.join(before.names)}"
            raise OperateFailed(f"There is neither a secret nor an operator {name}. There are: {known}.")
        parameters.change(self.aws, self._name(KEYRING), after.text(), stored)
        self.terminal.say(f"{self._name(KEYRING)}: {name} is forgotten; functions notice within 5 minutes")

    def show(self) -> None:
        """Say what there is, by names and ids alone."""
        there = parameters.names(self.aws, self.stage.path)
        for name in (KEYRING, HETZNER, SMTP, "public_url"):
            self.terminal.say(f"{self._name(name)}: {'there' if name in there else 'missing'}")
        if KEYRING in there:
            _, kept = self._keyring()
            self.terminal.say(f"  secrets, newest first: {', '.join(kept.ids)}")
            self.terminal.say(f"  operators, newest first: {', '.join(kept.names) or 'none'}")

    def _first_keyring(self) -> None:
        self._require_no_rows()
        self.terminal.require_screen()
        token = keyring.operator_token()
        made = keyring.with_operator(keyring.new(), token)
        parameters.make(self.aws, self._name(KEYRING), made.text())
        self.terminal.say(f"{self._name(KEYRING)}: made, with the secret {made.ids[0]} and a pepper")
        self._show(token, made)

    def _require_no_rows(self) -> None:
        """A new pepper beside old rows would forget every quota and exclusion: that wants a decision, not a default."""
        stack = look(self.aws, self.stage.stack)
        name = None if stack is None else table.name_of(self.aws, stack)
        if name is not None and any(True for _ in table.rows(self.aws, name)):
            said = f"{self._name(KEYRING)} is missing, and there are rows that were made with it."
            raise OperateFailed(said, "docs/operating.md, 'The keyring is damaged or lost'")

    def _show(self, token: str, made: Keyring) -> None:
        self.terminal.say(f"The token of operator {made.names[0]}, shown this once; it is good within 5 minutes:")
        self.terminal.show_secret(f"  {token}")

    def _hetzner_token(self) -> str:
        given = self.terminal.variable(VARIABLE) or self.terminal.ask_secret("The project's token at Hetzner: ")
        if not TOKEN.fullmatch(given):
            raise OperateFailed(
                "That is no token of Hetzner Cloud: it has 64 letters and digits.", f"read -rs {VARIABLE}"
            )
        self.project(given).check()
        return given

    def _require_own_project(self, token: str) -> bool:
        """OperateFailed when the token's project does not hold the stack's marker; False: there is no stack yet.

        What is compared is the table's word, not what an old token sees: that one may be dead, or wrong itself.
        """
        stack = look(self.aws, self.stage.stack)
        name = None if stack is None else table.name_of(self.aws, stack)
        founded = None if name is None else table.founded(self.aws, name)
        if founded is None:
            return False
        remedy = "make a token in the project in which the servers are"
        ownership.require(self.project(token), founded.uuid, self.terminal, remedy=remedy, question=DELETED)
        return True

    def _require_same_project(self, before: str, after: str) -> None:
        """Before a stack is founded: OperateFailed when the new token does not see the markers that the old one saw."""
        try:
            known = self.project(before).markers()
        except TokenRejected:
            return  # nothing was ever made with it: there is no table
        if known and known != self.project(after).markers():
            said = "The new token is of another project: it does not see this stack's marker."
            raise OperateFailed(said, "make a token in the project in which the servers are")

    def _require_unused(self, secret_id: str, stored: Parameter) -> None:
        if stored.age < SETTLED_SECONDS:
            said = "The keyring was changed within the hour, and a function may still work with what it read before."
            raise OperateFailed(said, "wait, and type the same again")
        stack = look(self.aws, self.stage.stack)
        name = None if stack is None else table.name_of(self.aws, stack)
        if name is None:
            return
        carry = [each for each in table.rows(self.aws, name) if each.secret_id == secret_id]
        if carry:
            shown = ", ".join(each.instance_id for each in carry[:5]) + (", …" if carry[5:] else "")
            said = f"{len(carry)} rows were made with {secret_id}: {shown}. Their tokens would be dead."
            raise OperateFailed(said, "wait until they are purged, 30 days after their end")

    def _keyring(self) -> tuple[Parameter, Keyring]:
        stored = self._read(KEYRING)
        if stored is None:
            raise OperateFailed("There is no keyring yet.", f"make secrets STAGE={self.stage.name}")
        return stored, keyring.parsed(stored.value)

    def _read(self, name: str) -> Parameter | None:
        return parameters.read(self.aws, self._name(name))

    def _forgetting(self, name: str) -> str:
        return f"make secrets STAGE={self.stage.name} FORGET={name}"

    def _name(self, name: str) -> str:
        return f"{self.stage.path}/{name}"
