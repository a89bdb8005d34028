"""`make destroy`: what stands against it, the order of the end, and that the marker outlives every server."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from moto import mock_aws
from operate import parameters
from operate.destruction import UNDER_WAY_SECONDS, Destruction
from operate.failure import OperateFailed
from operate.progress import Pace
from operate.provider import Marker, Project, project_at
from operate.stage import Stage
from operate.without_stack import NOTHING_LEFT

from tests.unit.packaging.account import Account, CloudFormation, Person, alone, refusal
from tests.unit.packaging.small_provider import SmallProvider

UUID = "11111111-2222-3333-4444-555555555555"
OTHER = "99999999-2222-3333-4444-555555555555"
TABLE = "ccc-dev-Table-X1"


@dataclass
class End:
    """A deployed stage in which nothing lives."""

    account: Account
    person: Person
    cloud: CloudFormation
    provider: SmallProvider
    rows: list[dict[str, Any]] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    while_waiting: Callable[[], None] | None = None
    project: Callable[[str], Project] | None = None
    stands_still: bool = False

    def destroy(self, *, secrets_too: bool = False) -> None:
        """End it; the waiting is not waited for."""
        Destruction(
            aws=self.account,
            stage=Stage(name="dev"),
            terminal=self.person,
            project=self.project or functools.partial(project_at, self.provider.url),
            secrets_too=secrets_too,
            pace=Pace(every=0, longest=5, wait=self._wait),
        ).carry_out()

    def row(self, listing: str) -> None:
        """One more row."""
        key = {"S": f"instance#{len(self.rows):012x}"}
        self.rows.append({"key": key, "listing": {"S": listing}, "body": {"M": {"secret_id": {"S": "s"}}}})

    def stacks(self) -> list[str]:
        """The states of all stacks."""
        return [each["StackStatus"] for each in self.cloud.stacks.values()]

    def _wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        if seconds and self.while_waiting is not None:
            self.while_waiting()


@pytest.fixture
def end(monkeypatch: pytest.MonkeyPatch) -> Iterator[End]:
    """Stack, table, secrets, marker; somebody else's marker in the same project."""
    alone(monkeypatch)
    with mock_aws(), SmallProvider() as provider:
        cloud = CloudFormation(outputs={"TableName": TABLE})
        cloud.have("ccc-dev", "UPDATE_COMPLETE")
        cloud.table = TABLE
        account = cloud.serve(Account())
        made = End(account, Person(answers=["dev"]), cloud, provider)
        for name, value in (("keyring", "k"), ("hetzner_token", provider.token), ("smtp_password", "p")):
            parameters.make(account, f"/ccc/dev/{name}", value)
        provider.plant(UUID)
        provider.plant(OTHER)
        account.put("dynamodb.scan", functools.partial(_page, made))
        account.put("dynamodb.get_item", {"Item": {"body": {"M": {"uuid": {"S": UUID}, "marker_id": {"N": "100"}}}}})
        account.put("lambda.put_function_concurrency", functools.partial(_stand, made, still=True))
        account.put("lambda.delete_function_concurrency", functools.partial(_stand, made, still=False))
        account.put("lambda.get_function_concurrency", functools.partial(_stands, made))
        yield made


def _stand(end: End, *, still: bool, **request: Any) -> dict[str, Any]:
    """The API function is stopped, or may run again."""
    assert request == {"FunctionName": "ccc-dev-api"} | ({"ReservedConcurrentExecutions": 0} if still else {})
    end.stands_still = still
    return {"ReservedConcurrentExecutions": 0} if still else {}


def _stands(end: End, **_: Any) -> dict[str, Any]:
    """Lambda says nothing of a function that has no share of its own."""
    return {"ReservedConcurrentExecutions": 0} if end.stands_still else {}


def _page(end: End, **request: Any) -> dict[str, Any]:
    """A row a page, as a large table has them."""
    assert request["ConsistentRead"] is True
    at = int(request.get("ExclusiveStartKey", {"key": {"S": "0"}})["key"]["S"])
    more = {"LastEvaluatedKey": {"key": {"S": str(at + 1)}}} if at + 1 < len(end.rows) else {}
    return {"Items": end.rows[at : at + 1], **more}


def markers(end: End) -> list[str]:
    """The stacks whose markers are there."""
    return [each["labels"]["ccc-stack"] for each in end.provider.first.ssh_keys]


def test_an_empty_stage_ends(end: End) -> None:
    """Tombstones do not hold it; our marker goes, another's stays; the table and the secrets stay and are named."""
    end.row("ended")
    end.row("unconfirmed")
    end.destroy()
    assert (end.stacks(), markers(end)) == (["DELETE_COMPLETE"], [OTHER])
    assert parameters.names(end.account, "/ccc/dev") == {"keyring", "hetzner_token", "smtp_password", "ended"}
    assert f"delete-table --table-name {TABLE}" in end.person.text()


def test_the_order_of_the_end(end: End) -> None:
    """The API stops, requests under way are waited for, everything is asked again; note, then marker, then stack."""
    end.account.asked.clear()
    end.destroy()
    names = {"dynamodb.scan", "lambda.put_function_concurrency", "ssm.put_parameter", "cloudformation.delete_stack"}
    stop, note = "lambda.put_function_concurrency", "ssm.put_parameter"
    asked = [each for each in end.account.asked if each in names]
    assert asked == ["dynamodb.scan", stop, "dynamodb.scan", note, "cloudformation.delete_stack"]
    assert end.waits[0] == UNDER_WAY_SECONDS
    keys = ["GET /ssh_keys", "GET /ssh_keys"]  # a page each
    assert end.provider.asked == [*keys, "GET /servers", *keys, "GET /servers", *keys, "DELETE /ssh_keys/100"]


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_live_row_holds_it_on_whatever_page(end: End, place: int) -> None:
    """Nothing is asked of the person, nothing is changed."""
    for number in range(3):
        end.row("live" if number == place else "ended")
    with pytest.raises(OperateFailed, match="1 instances live"):
        end.destroy()
    assert (end.stacks(), markers(end), end.person.answers) == (["UPDATE_COMPLETE"], [UUID, OTHER], ["dev"])


def test_a_server_without_a_row_holds_it(end: End) -> None:
    """The labels count, not the table."""
    end.provider.run("cc-0123456789ab", UUID)
    with pytest.raises(OperateFailed, match="cc-0123456789ab"):
        end.destroy()
    assert (end.stacks(), markers(end)) == (["UPDATE_COMPLETE"], [UUID, OTHER])


def test_a_server_of_another_stack_does_not(end: End) -> None:
    """It is not ours to ask about."""
    end.provider.run("cc-0123456789ab", OTHER)
    end.destroy()
    assert end.stacks() == ["DELETE_COMPLETE"]


@pytest.mark.parametrize("status", [401, 403, 429, 500])
def test_a_provider_that_does_not_tell_holds_it(end: End, status: int) -> None:
    """Not knowing is no confirmation."""
    end.provider.fails = status
    with pytest.raises(OperateFailed):
        end.destroy()
    assert (end.stacks(), markers(end)) == (["UPDATE_COMPLETE"], [UUID, OTHER])


def test_without_the_token_nobody_can_tell(end: End) -> None:
    """The same."""
    parameters.delete(end.account, "/ccc/dev/hetzner_token")
    with pytest.raises(OperateFailed, match="nobody can tell"):
        end.destroy()
    assert end.stacks() == ["UPDATE_COMPLETE"]


@pytest.mark.parametrize("typed", ["", "prod", "DEV", "dev2"])
def test_another_name_ends_nothing(end: End, typed: str) -> None:
    """The stage's name must be typed."""
    end.person.answers = [typed]
    with pytest.raises(OperateFailed, match="not its name"):
        end.destroy()
    assert "lambda.put_function_concurrency" not in end.account.asked
    assert (end.stacks(), markers(end)) == (["UPDATE_COMPLETE"], [UUID, OTHER])


def test_an_order_that_was_under_way_saves_the_stage(end: End) -> None:
    """It was written while the API stopped: the second look finds it, and the API answers again."""
    end.while_waiting = functools.partial(end.row, "live")
    with pytest.raises(OperateFailed, match="1 instances live"):
        end.destroy()
    assert end.account.asked[-1] == "lambda.delete_function_concurrency"
    assert (end.stacks(), markers(end)) == (["UPDATE_COMPLETE"], [UUID, OTHER])


def test_secrets_go_last_and_only_when_asked(end: End) -> None:
    """The provider's token is the very last: a repetition needs it."""
    end.destroy(secrets_too=True)
    assert parameters.names(end.account, "/ccc/dev") == frozenset()
    asked = end.account.asked
    assert asked.index("cloudformation.delete_stack") < asked.index("ssm.delete_parameter")


def test_a_token_of_another_project_confirms_nothing(end: End) -> None:
    """Its empty list is not ours: servers live on in the right project, and nothing is changed."""
    end.provider.run("cc-0123456789ab", UUID)
    _store_token(end, end.provider.other_project())
    end.person.answers = ["", "dev"]
    with pytest.raises(OperateFailed, match="is not in the project") as caught:
        end.destroy()
    assert "ROTATE=hetzner" in caught.value.remedy
    assert (end.stacks(), markers(end), end.stands_still) == (["UPDATE_COMPLETE"], [UUID, OTHER], False)


def test_a_token_that_is_changed_meanwhile_confirms_nothing(end: End) -> None:
    """Marker and list are asked with one token, each time anew: the second look finds the wrong project."""
    end.person.answers = ["dev", ""]
    end.while_waiting = functools.partial(_store_token, end, end.provider.other_project())
    with pytest.raises(OperateFailed, match="it holds none at all"):
        end.destroy()
    assert (end.stacks(), markers(end), end.stands_still) == (["UPDATE_COMPLETE"], [UUID, OTHER], False)


def test_a_marker_that_somebody_deleted_wants_a_person_s_word(end: End) -> None:
    """Nothing confirms the list any more: the stack's id has to be typed, once, and only that id counts."""
    end.provider.first.ssh_keys.pop(0)
    for typed in ("", "dev", OTHER):
        end.person.answers = [typed, "dev"]
        with pytest.raises(OperateFailed, match=f"it holds the marker of {OTHER}"):
            end.destroy()
    assert (end.stacks(), end.stands_still) == (["UPDATE_COMPLETE"], False)
    end.person.answers = [UUID, "dev"]
    end.destroy()
    assert (end.stacks(), markers(end), end.person.answers) == (["DELETE_COMPLETE"], [OTHER], [])


def test_a_person_s_word_does_not_outweigh_a_server(end: End) -> None:
    """The list is still asked, and what is on it holds the stage."""
    end.provider.first.ssh_keys.pop(0)
    end.provider.run("cc-0123456789ab", UUID)
    end.person.answers = [UUID, "dev"]
    with pytest.raises(OperateFailed, match="cc-0123456789ab"):
        end.destroy()
    assert end.stacks() == ["UPDATE_COMPLETE"]


def test_a_stack_that_came_back_is_asked_about_again(end: End) -> None:
    """After a kill the API was started by hand: what was confirmed before is worth nothing, and is forgotten."""
    _killed(end, "after delete_marker")
    end.account.call("lambda", "delete_function_concurrency", FunctionName="ccc-dev-api")
    end.person.answers = ["", "dev"]
    with pytest.raises(OperateFailed, match="is not in the project"):
        end.destroy()
    assert "ended" not in parameters.names(end.account, "/ccc/dev")


def test_what_was_confirmed_of_another_marker_is_not_believed(end: End) -> None:
    """A marker that was planted anew is a stack that came back, whatever stands still."""
    _killed(end, "after delete_marker")
    end.account.put("dynamodb.get_item", {"Item": {"body": {"M": {"uuid": {"S": UUID}, "marker_id": {"N": "101"}}}}})
    end.person.answers = ["", "dev"]
    with pytest.raises(OperateFailed, match="is not in the project"):
        end.destroy()


STEPS = {
    "lambda.put_function_concurrency": 1,
    "ssm.put_parameter": 1,
    "delete_marker": 1,
    "cloudformation.delete_stack": 1,
    "ssm.delete_parameter": 4,
}
"""Everything that changes anything, and how often."""


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", [f"{name} {n}" for name, times in STEPS.items() for n in range(times)])
def test_killed_at_any_step(end: End, step: str, when: str) -> None:
    """Whatever the last thing was that a killed one did, the next one ends the stage."""
    name, number = step.split()
    _killed(end, f"{when} {name}", number=int(number))
    end.person.answers = _answers(end)
    end.destroy(secrets_too=True)
    assert (end.stacks(), markers(end), end.person.answers) == (["DELETE_COMPLETE"], [OTHER], [])
    assert parameters.names(end.account, "/ccc/dev") == frozenset()


def _answers(end: End) -> list[str]:
    """What is asked: the name alone; without a stack also about another's marker, as long as there is a token."""
    there = parameters.names(end.account, "/ccc/dev")
    if end.stacks() != ["DELETE_COMPLETE"]:
        return ["dev"]
    other = [OTHER] if "hetzner_token" in there else []
    return [*other, "dev"] if there else []


def test_every_step_is_killed(end: End) -> None:
    """The list above is whole: what a whole end changes is on it, as often as it says."""
    steps: list[str] = []
    _watched(end, steps.append, steps.append)
    end.account.asked.clear()
    end.destroy(secrets_too=True)
    changes = [each for each in steps if not each.split(".")[-1].startswith(("get_", "describe_", "list_", "scan"))]
    assert {each: changes.count(each) // 2 for each in changes} == STEPS


class Killed(BaseException):
    """The process is no more."""


def _killed(end: End, moment: str, *, number: int = 0) -> None:
    """End the stage, and die before or after a step; who is dead does nothing more."""
    when, name = moment.split()
    left = [number + 1]

    def at(this: str, step: str) -> None:
        if left[0] == 0:
            raise Killed
        if (this, step) == (when, name):
            left[0] -= 1
            if left[0] == 0:
                raise Killed

    undo = _watched(end, functools.partial(at, "before"), functools.partial(at, "after"))
    end.person.answers = ["dev"]
    with pytest.raises(Killed):
        end.destroy(secrets_too=True)
    undo()


def _watched(end: End, before: Callable[[str], None], after: Callable[[str], None]) -> Callable[[], None]:
    """Tell of each step at AWS, and of a marker's deletion; what is returned ends that."""
    account, call = end.account, end.account.call

    def watched(service: str, operation: str, **request: Any) -> dict[str, Any]:
        before(f"{service}.{operation}")
        answer = call(service, operation, **request)
        after(f"{service}.{operation}")
        return answer

    class Watched(Project):
        def delete_marker(self, marker: Marker) -> None:
            before("delete_marker")
            super().delete_marker(marker)
            after("delete_marker")

    account.call = watched  # type: ignore[method-assign]  # the one account, seen from outside
    end.project = lambda token: Watched(token=token, endpoint=end.provider.url)

    def undo() -> None:
        del account.call
        end.project = None

    return undo


def _store_token(end: End, token: str) -> None:
    """Another token is stored now."""
    before = parameters.read(end.account, "/ccc/dev/hetzner_token")
    assert before is not None
    if before.value != token:
        parameters.change(end.account, "/ccc/dev/hetzner_token", token, before)


def test_a_stack_that_does_not_go_keeps_the_secrets(end: End) -> None:
    """What failed is told, and everything that a repetition needs is there."""
    end.cloud.ends = "DELETE_FAILED"
    with pytest.raises(OperateFailed, match="DELETE_FAILED"):
        end.destroy(secrets_too=True)
    assert "hetzner_token" in parameters.names(end.account, "/ccc/dev")


def _without_a_stack(end: End, *, note: str = "", table: str = "") -> None:
    """The stack is gone; a note of a stack's end may be there, and a table that was kept."""
    end.cloud.stacks.clear()
    end.account.put("dynamodb.list_tables", {"TableNames": ["other", *([table] if table else [])]})
    if note:
        parameters.note(end.account, "/ccc/dev/ended", json.dumps({"stack": note, "marker": "100"}))


KEPT = {"keyring", "hetzner_token", "smtp_password"}


@pytest.mark.parametrize("table", ["", TABLE])
def test_without_a_note_a_marker_holds_the_secrets(end: End, table: str) -> None:
    """Whoever planted it may have servers; whether there is a table or not."""
    _without_a_stack(end, table=table)
    with pytest.raises(OperateFailed, match="markers of stacks"):
        end.destroy(secrets_too=True)
    assert parameters.names(end.account, "/ccc/dev") == KEPT


@pytest.mark.parametrize("typed", ["", "dev", OTHER])
def test_without_a_note_no_empty_list_is_believed(end: End, typed: str) -> None:
    """The token of another project sees no marker: the id of the stack whose table was kept has to be typed."""
    _without_a_stack(end, table=TABLE)
    end.provider.run("cc-0123456789ab", UUID)
    _store_token(end, end.provider.other_project())
    end.person.answers = [typed, "dev"]
    with pytest.raises(OperateFailed, match="it holds none at all"):
        end.destroy(secrets_too=True)
    assert parameters.names(end.account, "/ccc/dev") == KEPT


def test_without_a_note_a_person_answers_for_the_stack(end: End) -> None:
    """The id, typed, lets the secrets go once neither a row nor a server is left; the name is typed for that too."""
    _without_a_stack(end, table=TABLE)
    end.provider.first.ssh_keys.clear()
    end.provider.run("cc-0123456789ab", UUID)
    end.person.answers = [UUID]
    with pytest.raises(OperateFailed, match="cc-0123456789ab"):
        end.destroy(secrets_too=True)
    end.provider.first.servers.clear()
    end.row("live")
    with pytest.raises(OperateFailed, match="1 instances live"):
        end.destroy(secrets_too=True)
    end.rows.clear()
    end.person.answers = [UUID, "dev"]
    end.destroy(secrets_too=True)
    assert (parameters.names(end.account, "/ccc/dev"), end.person.answers) == (frozenset(), [])


def test_without_a_note_a_missing_token_is_no_proof(end: End) -> None:
    """Nobody can look, so what is left of the secrets stays."""
    _without_a_stack(end, table=TABLE)
    parameters.delete(end.account, "/ccc/dev/hetzner_token")
    end.person.answers = ["dev"]
    with pytest.raises(OperateFailed, match="nobody can tell"):
        end.destroy(secrets_too=True)
    assert parameters.names(end.account, "/ccc/dev") == KEPT - {"hetzner_token"}


@pytest.mark.parametrize("token", [True, False])
def test_with_neither_note_nor_table_a_person_says_the_word(end: End, *, token: bool) -> None:
    """No stack's id is known: the stage's name alone is not enough, with a token or without."""
    _without_a_stack(end)
    end.provider.first.ssh_keys.clear()
    if not token:
        parameters.delete(end.account, "/ccc/dev/hetzner_token")
    end.person.answers = ["dev"]
    with pytest.raises(OperateFailed, match="not confirmed"):
        end.destroy(secrets_too=True)
    assert "keyring" in parameters.names(end.account, "/ccc/dev")
    end.person.answers = [NOTHING_LEFT, "dev"]
    end.destroy(secrets_too=True)
    assert parameters.names(end.account, "/ccc/dev") == frozenset()


def test_a_note_does_not_speak_for_another_stack(end: End) -> None:
    """A stack that came after the one that ended, or before, has its marker there, and that is asked about."""
    _without_a_stack(end, note="22222222-2222-3333-4444-555555555555")
    end.person.answers = [""]
    with pytest.raises(OperateFailed, match="may need this token"):
        end.destroy(secrets_too=True)
    end.person.answers = [UUID, ""]
    with pytest.raises(OperateFailed, match="may need this token"):
        end.destroy(secrets_too=True)
    assert parameters.names(end.account, "/ccc/dev") == KEPT | {"ended"}
    end.person.answers = [UUID, OTHER, "dev"]
    end.destroy(secrets_too=True)
    assert parameters.names(end.account, "/ccc/dev") == frozenset()


def test_a_note_whose_marker_is_there_again_is_not_believed(end: End) -> None:
    """Somebody has planted it anew: the stack of the note works again, wherever."""
    _without_a_stack(end, note=UUID)
    with pytest.raises(OperateFailed, match="markers of stacks"):
        end.destroy(secrets_too=True)
    assert parameters.names(end.account, "/ccc/dev") == KEPT | {"ended"}


def test_a_note_that_nobody_can_read_is_none(end: End) -> None:
    """It names no stack, so it speaks for none."""
    _without_a_stack(end)
    parameters.note(end.account, "/ccc/dev/ended", "ended")
    with pytest.raises(OperateFailed, match="markers of stacks"):
        end.destroy(secrets_too=True)


def test_a_stack_that_was_never_founded_ends(end: End) -> None:
    """It has no uuid, so no server can carry it; a function that was never made is no obstacle."""
    end.account.put("dynamodb.get_item", {})
    end.account.put("lambda.put_function_concurrency", refusal("ResourceNotFoundException", status=404))
    end.destroy()
    assert end.stacks() == ["DELETE_COMPLETE"]
    assert end.provider.asked == []


def test_rows_of_no_stack_hold_it(end: End) -> None:
    """A table with rows and no stack item is no proof that the stack was never founded."""
    end.account.put("dynamodb.get_item", {})
    end.row("ended")
    with pytest.raises(OperateFailed, match="no stack item"):
        end.destroy()
    assert end.stacks() == ["UPDATE_COMPLETE"]


@pytest.mark.parametrize("status", ["UPDATE_ROLLBACK_FAILED", "DELETE_FAILED"])
def test_a_stack_without_outputs_is_asked_for_its_table(end: End, status: str) -> None:
    """That a stack's outputs are missing is no sign that nothing lives."""
    end.cloud.have("ccc-dev", status)
    end.row("live")
    with pytest.raises(OperateFailed, match="1 instances live"):
        end.destroy()
    assert end.stacks() == [status]


def test_a_restored_table_is_the_one_that_counts(end: End) -> None:
    """Where a table restored from a backup is in use, its rows are asked for, and not those of the stack's own."""
    end.cloud.have("ccc-dev", "DELETE_FAILED", parameters={"RestoredTable": "ccc-dev-Table-restored"})
    asked: list[str] = []

    def scan(**request: Any) -> dict[str, Any]:
        asked.append(request["TableName"])
        return {"Items": []}

    end.account.put("dynamodb.scan", scan)
    end.destroy()
    assert set(asked) == {"ccc-dev-Table-restored"}


@pytest.mark.parametrize("gone", [True, False])
def test_a_stack_that_never_had_a_table_ends(end: End, *, gone: bool) -> None:
    """Its first creation failed before the table, or took it back: nothing ever worked in it."""
    end.cloud.have("ccc-dev", "ROLLBACK_COMPLETE")
    end.cloud.table, end.cloud.table_status = (TABLE, "DELETE_COMPLETE") if gone else ("", "")
    end.destroy()
    assert end.stacks() == ["DELETE_COMPLETE"]


def test_no_stage_at_all_is_said(end: End) -> None:
    """Nothing to do is no failure."""
    end.cloud.stacks.clear()
    end.destroy()
    assert "There is no stack ccc-dev" in end.person.text()
