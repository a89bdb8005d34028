"""`make destroy`: what stands against it, the order of the end, and that the marker outlives every server."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from moto import mock_aws
from operate import parameters
from operate.destruction import UNDER_WAY_SECONDS, Destruction
from operate.failure import OperateFailed
from operate.progress import Pace
from operate.provider import project_at
from operate.stage import Stage

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

    def destroy(self, *, secrets_too: bool = False) -> None:
        """End it; the waiting is not waited for."""
        Destruction(
            aws=self.account,
            stage=Stage(name="dev"),
            terminal=self.person,
            project=functools.partial(project_at, self.provider.url),
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
        account = cloud.serve(Account())
        made = End(account, Person(answers=["dev"]), cloud, provider)
        for name, value in (("keyring", "k"), ("hetzner_token", provider.token), ("smtp_password", "p")):
            parameters.make(account, f"/ccc/dev/{name}", value)
        provider.plant(UUID)
        provider.plant(OTHER)
        account.put("dynamodb.scan", functools.partial(_page, made))
        account.put("dynamodb.get_item", {"Item": {"body": {"M": {"uuid": {"S": UUID}}}}})
        account.put("lambda.put_function_concurrency", {"ReservedConcurrentExecutions": 0})
        account.put("lambda.delete_function_concurrency", {})
        yield made


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
    assert parameters.names(end.account, "/ccc/dev") == {"keyring", "hetzner_token", "smtp_password"}
    assert f"delete-table --table-name {TABLE}" in end.person.text()


def test_the_order_of_the_end(end: End) -> None:
    """The API stops, requests under way are waited for, everything is asked again, then the marker, then the stack."""
    end.destroy()
    names = {"dynamodb.scan", "lambda.put_function_concurrency", "cloudformation.delete_stack"}
    asked = [each for each in end.account.asked if each in names]
    assert asked == ["dynamodb.scan", "lambda.put_function_concurrency", "dynamodb.scan", "cloudformation.delete_stack"]
    assert end.waits[0] == UNDER_WAY_SECONDS
    assert end.provider.asked == [
        "GET /servers",
        "GET /servers",
        "GET /ssh_keys",
        "GET /ssh_keys",
        "DELETE /ssh_keys/100",
    ]


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


def test_killed_after_the_marker_went(end: End) -> None:
    """The second time finds no marker and goes on."""
    end.provider.first.ssh_keys.pop(0)
    end.destroy()
    assert (end.stacks(), markers(end)) == (["DELETE_COMPLETE"], [OTHER])


def test_a_stack_that_does_not_go_keeps_the_secrets(end: End) -> None:
    """What failed is told, and everything that a repetition needs is there."""
    end.cloud.ends = "DELETE_FAILED"
    with pytest.raises(OperateFailed, match="DELETE_FAILED"):
        end.destroy(secrets_too=True)
    assert "hetzner_token" in parameters.names(end.account, "/ccc/dev")


def test_killed_before_the_secrets_went(end: End) -> None:
    """Without a stack, secrets go once the project has no marker at all; the name is typed for that too."""
    end.cloud.stacks.clear()
    with pytest.raises(OperateFailed, match="markers of stacks"):
        end.destroy(secrets_too=True)
    end.provider.first.ssh_keys.clear()
    end.destroy(secrets_too=True)
    assert parameters.names(end.account, "/ccc/dev") == frozenset()
    assert end.person.answers == []


def test_a_stack_that_was_never_founded_ends(end: End) -> None:
    """It has no uuid, so no server can carry it; a function that was never made is no obstacle."""
    end.account.put("dynamodb.get_item", {})
    end.account.put("lambda.put_function_concurrency", refusal("ResourceNotFoundException", status=404))
    end.destroy()
    assert end.stacks() == ["DELETE_COMPLETE"]
    assert end.provider.asked == []


def test_no_stage_at_all_is_said(end: End) -> None:
    """Nothing to do is no failure."""
    end.cloud.stacks.clear()
    end.destroy()
    assert "There is no stack ccc-dev" in end.person.text()
