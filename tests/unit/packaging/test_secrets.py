"""`make secrets`: what is made once, what stays, what is rotated and forgotten, and that no value is ever said."""

from __future__ import annotations

import functools
import hashlib
import json
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import destroy
import make_secrets
import pytest
from moto import mock_aws
from operate import keyring, parameters
from operate.failure import OperateFailed
from operate.provider import ENDPOINT, Project, endpoint_of
from operate.secret_making import SETTLED_SECONDS, Secrets
from operate.stage import Stage

from chalicelib.adapters.ssm_keyring import SsmKeyring
from tests.unit.packaging.account import NOW, REGION, Account, CloudFormation, Person, alone
from tests.unit.packaging.small_provider import SmallProvider

UUID = "11111111-2222-3333-4444-555555555555"
OTHER = "99999999-2222-3333-4444-555555555555"


@dataclass
class Desk:
    """Everything a test of secrets needs."""

    account: Account
    person: Person
    provider: SmallProvider
    secrets: Secrets

    def kept(self, name: str = "keyring") -> str:
        """A stored value."""
        found = parameters.read(self.account, f"/ccc/dev/{name}")
        assert found is not None
        return found.value


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """A stage without anything, a provider with one token."""
    alone(monkeypatch)
    with mock_aws(), SmallProvider() as provider:
        account, person = Account(), Person()
        CloudFormation().serve(account)
        person.variables["HCLOUD_TOKEN"] = provider.token
        project = functools.partial(_project, provider.url)
        made = Secrets(aws=account, stage=Stage(name="dev"), terminal=person, project=project)
        yield Desk(account, person, provider, made)


def _project(endpoint: str, token: str) -> Project:
    return Project(token=token, endpoint=endpoint)


def test_the_first_time_makes_everything_and_shows_the_operator_once(desk: Desk) -> None:
    """What is stored is what the functions read, and the token that was shown is an operator's."""
    desk.secrets.complete()
    read = SsmKeyring("/ccc/dev", region=REGION)
    (token,) = (each.strip() for each in desk.person.shown)
    assert hashlib.sha256(token.encode()).hexdigest() in read.operators()
    assert (len(read.secret(read.newest())), len(read.pepper())) == (32, 32)
    assert read.hetzner_token() == desk.provider.token


def test_everything_is_encrypted(desk: Desk) -> None:
    """Both parameters are SecureStrings."""
    desk.secrets.complete()
    told = desk.account.call("ssm", "get_parameters_by_path", Path="/ccc/dev")["Parameters"]
    assert {each["Type"] for each in told} == {"SecureString"}


def test_no_value_is_ever_said(desk: Desk) -> None:
    """Of all verbs together, no line holds a secret, a pepper, a token or a digest."""
    desk.secrets.complete()
    desk.secrets.rotate_keyring()
    desk.secrets.rotate_operator()
    desk.secrets.show()
    document = json.loads(desk.kept())
    hidden = [each["secret"] for each in document["secrets"]] + [document["pepper"], *document["operators"]]
    hidden += [desk.provider.token, *(each.strip() for each in desk.person.shown)]
    assert len(hidden) == 8
    assert not [each for each in hidden if each in desk.person.text()]


def test_a_second_time_changes_nothing(desk: Desk) -> None:
    """What is there stays, and nothing is shown again."""
    desk.secrets.complete()
    before = desk.kept(), desk.kept("hetzner_token")
    desk.secrets.complete()
    assert (desk.kept(), desk.kept("hetzner_token")) == before
    assert len(desk.person.shown) == 1


def test_a_rotation_keeps_old_secrets_and_the_pepper(desk: Desk) -> None:
    """The new secret stands in front, everything else is as it was."""
    desk.secrets.complete()
    before = json.loads(desk.kept())
    desk.secrets.rotate_keyring()
    after = json.loads(desk.kept())
    assert after["secrets"][1:] == before["secrets"]
    assert (after["pepper"], after["operators"]) == (before["pepper"], before["operators"])
    assert f"FORGET={before['secrets'][0]['id']}" in desk.person.text()


def test_without_a_screen_no_operator_is_made(desk: Desk) -> None:
    """A token that would land in a file is not made, and nothing is stored."""
    desk.person.screen = False
    with pytest.raises(OperateFailed):
        desk.secrets.complete()
    assert parameters.names(desk.account, "/ccc/dev") == frozenset()


def test_a_missing_keyring_of_before_is_not_made_anew(desk: Desk) -> None:
    """A new pepper would forget every quota and exclusion."""
    _rows(desk, "aaaaaaaa")
    with pytest.raises(OperateFailed, match="there are rows"):
        desk.secrets.complete()
    assert parameters.names(desk.account, "/ccc/dev") == frozenset()


def test_a_damaged_keyring_is_left_alone_and_not_quoted(desk: Desk) -> None:
    """The error names the kind of fault alone."""
    parameters.make(desk.account, "/ccc/dev/keyring", '{"pepper": "geheim"}')
    with pytest.raises(OperateFailed) as caught:
        desk.secrets.rotate_keyring()
    assert "geheim" not in caught.value.told()
    assert desk.kept() == '{"pepper": "geheim"}'


def test_a_token_that_the_provider_rejects_is_not_stored(desk: Desk) -> None:
    """It is tried before."""
    desk.person.variables["HCLOUD_TOKEN"] = secrets.token_hex(32)
    with pytest.raises(OperateFailed, match="does not accept"):
        desk.secrets.complete()
    assert parameters.names(desk.account, "/ccc/dev") == {"keyring"}


def test_half_a_token_is_refused(desk: Desk) -> None:
    """Sixty-four characters, or it was pasted wrong; it is not sent anywhere."""
    desk.person.variables["HCLOUD_TOKEN"] = desk.provider.token[:40]
    with pytest.raises(OperateFailed, match="64 letters"):
        desk.secrets.complete()
    assert desk.provider.asked == []


def test_a_token_of_another_project_is_refused(desk: Desk) -> None:
    """It does not see the marker that the old one sees."""
    desk.secrets.complete()
    desk.provider.plant("11111111-2222-3333-4444-555555555555")
    desk.person.variables["HCLOUD_TOKEN"] = desk.provider.other_project()
    with pytest.raises(OperateFailed, match="another project"):
        desk.secrets.rotate_hetzner()
    assert desk.kept("hetzner_token") == desk.provider.token


def test_a_new_token_of_the_same_project_takes_the_place(desk: Desk) -> None:
    """Both see the same marker; the old one is to be revoked later."""
    desk.secrets.complete()
    desk.provider.plant("11111111-2222-3333-4444-555555555555")
    desk.person.variables["HCLOUD_TOKEN"] = new = desk.provider.another_token()
    desk.secrets.rotate_hetzner()
    assert desk.kept("hetzner_token") == new


@pytest.mark.parametrize("alive", [True, False], ids=["the old token works", "the old token is dead"])
def test_a_token_of_another_project_than_the_table_s_is_refused(desk: Desk, *, alive: bool) -> None:
    """The table says whose marker must be there, whatever an old token sees or cannot see any more."""
    _founded(desk)
    desk.provider.plant(UUID)
    desk.secrets.complete()
    if not alive:
        del desk.provider.tokens[desk.provider.token]
    desk.person.variables["HCLOUD_TOKEN"] = desk.provider.other_project()
    desk.person.answers = [""]
    with pytest.raises(OperateFailed, match="it holds none at all") as caught:
        desk.secrets.rotate_hetzner()
    assert "project in which the servers are" in caught.value.remedy
    assert desk.kept("hetzner_token") == desk.provider.token


def test_a_first_token_beside_a_table_is_compared_too(desk: Desk) -> None:
    """The parameter was deleted, the table was not: another stack's project is not ours."""
    _founded(desk)
    _keyring_of_before(desk)
    desk.provider.plant(OTHER)
    desk.person.answers = ["yes"]
    with pytest.raises(OperateFailed, match=f"it holds the marker of {OTHER}"):
        desk.secrets.complete()
    assert parameters.names(desk.account, "/ccc/dev") == {"keyring"}
    desk.provider.plant(UUID)
    desk.secrets.complete()
    assert desk.kept("hetzner_token") == desk.provider.token


def test_a_marker_that_was_deleted_wants_a_person_s_word(desk: Desk) -> None:
    """The stack's id, typed, stores a token that sees no marker; how the marker comes back is said."""
    _founded(desk)
    _keyring_of_before(desk)
    desk.person.answers = [UUID]
    desk.secrets.complete()
    assert desk.kept("hetzner_token") == desk.provider.token
    assert "--plant-marker" in desk.person.text()


def test_a_token_is_stored_once_the_new_project_holds_the_marker(desk: Desk) -> None:
    """An old token of the wrong project is put right: the table is asked, and not what that token sees."""
    _founded(desk)
    _keyring_of_before(desk)
    wrong = desk.provider.other_project()
    parameters.make(desk.account, "/ccc/dev/hetzner_token", wrong)
    desk.provider.tokens[wrong].ssh_keys.append(
        {"id": 1, "name": f"ccc-stack-{OTHER}", "labels": {"managed-by": "ccc", "ccc-stack": OTHER}}
    )
    desk.provider.plant(UUID)
    desk.secrets.rotate_hetzner()
    assert desk.kept("hetzner_token") == desk.provider.token


def test_before_a_stack_is_founded_any_project_will_do(desk: Desk) -> None:
    """Without a stack, or with a table in which nothing was founded, there is no marker to look for."""
    desk.secrets.complete()
    _founded(desk)
    desk.account.put("dynamodb.get_item", {})
    desk.person.variables["HCLOUD_TOKEN"] = new = desk.provider.other_project()
    desk.secrets.rotate_hetzner()
    assert desk.kept("hetzner_token") == new


def test_the_newest_secret_is_never_forgotten(desk: Desk) -> None:
    """Rows are made with it at this moment."""
    desk.secrets.complete()
    newest = keyring.parsed(desk.kept()).ids[0]
    with pytest.raises(OperateFailed, match="newest"):
        desk.secrets.forget(newest)


def test_a_secret_is_not_forgotten_within_the_hour(desk: Desk) -> None:
    """A function may still make rows with what it read before the rotation."""
    old = _rotated(desk)
    _aged(desk, SETTLED_SECONDS - 1)
    with pytest.raises(OperateFailed, match="within the hour"):
        desk.secrets.forget(old)
    assert old in keyring.parsed(desk.kept()).ids


def test_a_secret_that_a_row_carries_is_not_forgotten(desk: Desk) -> None:
    """A tombstone counts: its links would be dead."""
    old = _rotated(desk)
    _aged(desk, SETTLED_SECONDS + 1)
    _rows(desk, old)
    with pytest.raises(OperateFailed, match="1 rows were made with"):
        desk.secrets.forget(old)
    assert old in keyring.parsed(desk.kept()).ids


def test_a_secret_that_no_row_carries_is_forgotten(desk: Desk) -> None:
    """Rows of other secrets do not matter."""
    old = _rotated(desk)
    _rows(desk, keyring.parsed(desk.kept()).ids[0])
    _aged(desk, SETTLED_SECONDS + 1)
    desk.secrets.forget(old)
    assert old not in keyring.parsed(desk.kept()).ids


def test_an_operator_is_forgotten_by_name_and_the_last_one_never(desk: Desk) -> None:
    """The name is the one in the audit: the first digits of the digest."""
    desk.secrets.complete()
    desk.secrets.rotate_operator()
    new, first = keyring.parsed(desk.kept()).names
    desk.secrets.forget(first)
    assert keyring.parsed(desk.kept()).names == (new,)
    with pytest.raises(OperateFailed, match="only operator"):
        desk.secrets.forget(new)


def test_a_keyring_that_grows_too_long_is_refused_whole(desk: Desk) -> None:
    """SSM's standard tier takes 4,096 bytes; the stored one stays."""
    desk.secrets.complete()
    size = len(desk.kept())
    desk.secrets.rotate_keyring()
    one = len(desk.kept()) - size
    for _ in range((parameters.MOST_CHARACTERS - len(desk.kept())) // one):
        desk.secrets.rotate_keyring()
    before = desk.kept()
    with pytest.raises(OperateFailed, match="4096"):
        desk.secrets.rotate_keyring()
    assert desk.kept() == before
    assert 3900 < len(before) <= parameters.MOST_CHARACTERS


def test_a_change_by_somebody_else_in_between_is_told(desk: Desk) -> None:
    """SSM has no compare-and-swap: the version says that ours was not the only one."""
    desk.secrets.complete()
    read = parameters.read(desk.account, "/ccc/dev/keyring")
    assert read is not None
    desk.secrets.rotate_keyring()
    with pytest.raises(OperateFailed, match="at the same moment"):
        parameters.change(desk.account, "/ccc/dev/keyring", read.value, read)


def test_a_password_of_a_mail_server_is_stored_and_replaced(desk: Desk) -> None:
    """It is asked for both times."""
    desk.person.answers = ["first", "second"]
    desk.secrets.set_smtp()
    desk.secrets.set_smtp()
    assert desk.kept("smtp_password") == "second"
    assert "second" not in desk.person.text()


@pytest.mark.parametrize(
    ("variables", "answer"),
    [
        ({}, ENDPOINT),
        ({"HCLOUD_ENDPOINT": ENDPOINT + "/"}, ENDPOINT),
        (
            {"HCLOUD_ENDPOINT": "http://127.0.0.1:1/v1", "AWS_ENDPOINT_URL_SSM": "http://127.0.0.1:2"},
            "http://127.0.0.1:1/v1",
        ),
    ],
)
def test_the_provider_is_the_real_one_or_a_rehearsal_s(variables: dict[str, str], answer: str) -> None:
    """An emulator is asked only where SSM is a stand-in too."""
    assert endpoint_of(Person(variables=variables)) == answer


@pytest.mark.parametrize("tool", [make_secrets.main, destroy.main])
def test_an_emulator_beside_the_real_aws_is_refused(
    tool: Callable[[list[str]], int], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A shell that has read one box's variables: nothing is asked, neither of AWS nor of anybody else."""
    alone(monkeypatch)
    monkeypatch.setenv("HCLOUD_ENDPOINT", "http://127.0.0.1:1/v1")
    assert tool(["--stage", "dev", "--region", REGION]) == 1
    told = capsys.readouterr().err
    assert "that is not the provider" in told
    assert "do: unset HCLOUD_ENDPOINT" in told


def _rotated(desk: Desk) -> str:
    """An old secret's id."""
    desk.secrets.complete()
    old = keyring.parsed(desk.kept()).ids[0]
    desk.secrets.rotate_keyring()
    return old


def _aged(desk: Desk, seconds: float) -> None:
    """The next reading of the keyring says that it was changed that long ago."""
    stored = parameters.read(desk.account, "/ccc/dev/keyring")
    assert stored is not None
    told = {
        "Name": "/ccc/dev/keyring",
        "Value": stored.value,
        "Version": stored.version,
        "Type": "SecureString",
        "LastModifiedDate": NOW - timedelta(seconds=seconds),
    }

    def once(**_: Any) -> dict[str, Any]:
        del desk.account.handlers["ssm.get_parameter"]
        return {"Parameter": told}

    desk.account.put("ssm.get_parameter", once)


def _founded(desk: Desk) -> None:
    """There is a stack with an empty table, and it was founded."""
    cloud = CloudFormation(table="ccc-dev-Table")
    cloud.serve(desk.account)
    cloud.have("ccc-dev", "CREATE_COMPLETE")
    desk.account.put("dynamodb.scan", {"Items": []})
    desk.account.put("dynamodb.get_item", {"Item": {"body": {"M": {"uuid": {"S": UUID}}}}})


def _keyring_of_before(desk: Desk) -> None:
    """A keyring that was made before."""
    parameters.make(desk.account, "/ccc/dev/keyring", keyring.new().text())


def _rows(desk: Desk, secret_id: str) -> None:
    """The stack has a table with one ended row of this secret."""
    cloud = CloudFormation(outputs={"TableName": "ccc-dev-Table"})
    cloud.serve(desk.account)
    cloud.have("ccc-dev", "CREATE_COMPLETE")
    row = {
        "key": {"S": "instance#0123456789ab"},
        "listing": {"S": "ended"},
        "body": {"M": {"secret_id": {"S": secret_id}}},
    }
    desk.account.put("dynamodb.scan", {"Items": [row]})
