"""`make deploy`: from an artefact to a stack that works. Every step looks first, so that it may be killed and repeated.

Secrets first (functions cannot start without), then the bucket, the archive, the change set, the stack; then the stack
is founded (its item in the table, its marker at the provider). The stack itself writes the parameter `public_url`.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from operate import change_set, changes, end_note, parameters, table_change
from operate.aws import Aws, account_of
from operate.bucket import Bucket
from operate.change_set import ChangeSet
from operate.failure import OperateFailed
from operate.progress import Pace, Watch
from operate.ready_artefact import Artefact
from operate.secret_making import HETZNER, KEYRING
from operate.stack import Stack, look
from operate.stage import Stage
from operate.terminal import Terminal

GOOD = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE"})
MENDABLE = GOOD | {"UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE", "IMPORT_ROLLBACK_COMPLETE"}
NEVER_WAS = "ROLLBACK_COMPLETE"
"""The state of a stack whose first creation failed: it can only be deleted, and nothing ever ran in it."""

FOUND = b'{"found_stack": true}'


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """`parameters` of the template to set; `i_know` lets the table go or change; `dry_run` shows what would be done."""

    parameters: Mapping[str, str] = field(default_factory=dict)
    i_know: bool = False
    dry_run: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """One deployment of a stage's artefact."""

    aws: Aws
    stage: Stage
    artefact: Artefact
    terminal: Terminal
    wishes: Wishes = field(default_factory=Wishes)
    pace: Pace = field(default_factory=Pace)

    def carry_out(self) -> Stack | None:
        """Bring the stack up to date and found it; the stack, or None after a dry run. OperateFailed."""
        self._require_secrets()
        before = self._settled()
        self._require_known_parameters()
        if not self.wishes.i_know:
            table_change.require_own(self.aws, before, self.wishes.parameters)
        made = self._change_set(before)
        if made.empty:
            self.terminal.say(f"{self.stage.stack}: nothing to change")
        elif not self._carried_out(made):
            return None
        after = self._require_good(look(self.aws, self.stage.stack))
        self._require_public_url(after)
        self._found(after)
        return after

    def _require_secrets(self) -> None:
        missing = {KEYRING, HETZNER} - parameters.names(self.aws, self.stage.path)
        if missing:
            said = f"Missing beneath {self.stage.path}: {', '.join(sorted(missing))}; no function would start."
            raise OperateFailed(said, f"make secrets STAGE={self.stage.name}")

    def _settled(self) -> Stack | None:
        """The stack once nothing moves: what a killed deployment has begun is waited for, what never was is removed."""
        found = look(self.aws, self.stage.stack)
        if found is not None and found.moves:
            self.terminal.say(f"{self.stage.stack} is {found.status}: waiting until that is over")
            found = self._watch().until_still()
        if found is not None and found.status == NEVER_WAS:
            self.terminal.say(f"{self.stage.stack} was never finished: what is left of it is removed first")
            found = self._removed(found)
        if found is not None and found.status not in MENDABLE and not found.empty:
            remedy = f"aws cloudformation continue-update-rollback --stack-name {self.stage.stack}"
            raise OperateFailed(f"{self.stage.stack} is {found.status}: {found.reason}", remedy)
        return found

    def _removed(self, found: Stack) -> Stack | None:
        watch = Watch(aws=self.aws, stack=found.id, terminal=self.terminal, pace=self.pace)
        watch.begin()
        self.aws.call("cloudformation", "delete_stack", StackName=found.id)
        after = watch.until_still()
        return None if after is None or after.status == "DELETE_COMPLETE" else after

    def _require_known_parameters(self) -> None:
        unknown = set(self.wishes.parameters) - set(self.artefact.template["Parameters"])
        if unknown:
            known = ", ".join(sorted(self.artefact.template["Parameters"]))
            raise OperateFailed(f"The template has no parameter {', '.join(sorted(unknown))}; it has {known}.")

    def _change_set(self, before: Stack | None) -> ChangeSet:
        account = account_of(self.aws)
        bucket = Bucket(aws=self.aws, name=self.stage.bucket(account, self.aws.region), account=account)
        self.terminal.say(f"{bucket.name}: {'made' if bucket.make() else 'is there'}")
        sent = bucket.put(self.artefact.key, self.artefact.archive.read_bytes())
        self.terminal.say(f"{self.artefact.key}: {'sent' if sent else 'is there'}")
        key = f"{self.artefact.digest}.json"
        bucket.put(key, self.artefact.template_in(bucket.name))
        return change_set.make(
            self.aws,
            stack=self.stage.stack,
            before=before,
            name=f"deploy-{uuid.uuid4().hex}",
            request={"TemplateURL": bucket.url(key), "Parameters": self._parameters(before)},
            pace=self.pace,
        )

    def _parameters(self, before: Stack | None) -> list[dict[str, Any]]:
        """What was asked for; everything else stays as it was, and takes its default where it was not."""
        asked = [{"ParameterKey": key, "ParameterValue": value} for key, value in self.wishes.parameters.items()]
        kept = set() if before is None or before.empty else set(before.parameters)
        left = kept & set(self.artefact.template["Parameters"]) - set(self.wishes.parameters)
        return [*asked, *({"ParameterKey": key, "UsePreviousValue": True} for key in sorted(left))]

    def _carried_out(self, made: ChangeSet) -> bool:
        """Show the changes and make them; False after a dry run."""
        for line in changes.told(made.changes):
            self.terminal.say(f"  {line}")
        lost = [each.logical for each in made.changes if each.loses]
        if lost and not self.wishes.i_know:
            made.drop()
            said = f"This would take the table from the stack ({', '.join(lost)}): every instance would be forgotten."
            raise OperateFailed(said, "read docs/operating.md, 'Restore from backup'; then make deploy I_KNOW=1")
        if self.wishes.dry_run:
            made.drop()
            return False
        watch = self._watch()
        made.carry_out()
        after = watch.until_still()
        if after is None or after.status not in GOOD:
            raise _failed(self.stage.stack, after, watch.failures())
        return True

    def _require_good(self, found: Stack | None) -> Stack:
        if found is None or found.status not in MENDABLE:
            raise _failed(self.stage.stack, found, [])
        return found

    def _require_public_url(self, after: Stack) -> None:
        """The stack writes it; one that says something else was changed by hand, and every link would be wrong."""
        stored, wanted = parameters.read(self.aws, f"{self.stage.path}/public_url"), after.output("PublicUrl")
        if stored is None or stored.value != wanted:
            said = f"{self.stage.path}/public_url is {stored.value if stored else 'missing'}, not {wanted}."
            # in JSON: version 1 of `aws` would put the page there that a plain value leads to
            value = f"--cli-input-json '{json.dumps({'Value': wanted})}'"
            put = f"aws ssm put-parameter --name {self.stage.path}/public_url --type String --overwrite {value}"
            raise OperateFailed(said, put)

    def _found(self, after: Stack) -> None:
        """Found the stack, which does nothing where it is founded already; a note of an end is over with that."""
        end_note.delete(self.aws, self.stage)
        answer = self.aws.call("lambda", "invoke", FunctionName=after.output("AdvanceName"), Payload=FOUND)
        if "FunctionError" in answer:
            remedy = f"ccc doctor --cloud --stage {self.stage.name}; then make deploy STAGE={self.stage.name}"
            raise OperateFailed(f"The stack is not founded: {_message(answer)}", remedy)
        self.terminal.say(f"{self.stage.stack}: founded, {after.output('PublicUrl')}")

    def _watch(self) -> Watch:
        watch = Watch(aws=self.aws, stack=self.stage.stack, terminal=self.terminal, pace=self.pace)
        watch.begin()
        return watch


def _failed(stack: str, after: Stack | None, failures: list[str]) -> OperateFailed:
    status = "gone" if after is None else after.status
    first = "".join(f"\n  {each}" for each in failures) or (f": {after.reason}" if after and after.reason else "")
    return OperateFailed(f"{stack} is {status}; what failed, the first first:{first}", "mend it, then make deploy")


def _message(answer: Mapping[str, Any]) -> str:
    payload = answer["Payload"].read()
    try:
        return str(json.loads(payload).get("errorMessage", ""))
    except (ValueError, AttributeError):
        return "it says nothing that can be read"
