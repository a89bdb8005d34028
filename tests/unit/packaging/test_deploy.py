"""`make deploy`: what is refused, what is shown, what happens in which order, and that it may be repeated."""

from __future__ import annotations

import functools
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from artefact import stamp
from artefact.target import of_this_interpreter
from moto import mock_aws
from operate import parameters, standstill
from operate.bucket import Bucket
from operate.changes import Change
from operate.deployment import Deployment, Wishes
from operate.failure import OperateFailed
from operate.look_from_outside import looked_after_deploying
from operate.progress import Pace
from operate.ready_artefact import Artefact, ready
from operate.stage import Stage

from tests.unit.packaging.account import REGION, Account, CloudFormation, Person, alone, refusal

URL = f"https://abc.execute-api.{REGION}.amazonaws.com/api"
TABLE: dict[str, Any] = {"LogicalResourceId": "Table", "ResourceType": "AWS::DynamoDB::Table"}
FUNCTION: dict[str, Any] = {"LogicalResourceId": "Tick", "ResourceType": "AWS::Lambda::Function"}


@dataclass
class Site:
    """A stage that can be deployed as often as a test wants."""

    account: Account
    person: Person
    cloud: CloudFormation
    artefact: Artefact
    founded: list[str] = field(default_factory=list)
    policies: list[str] = field(default_factory=list)
    tables: dict[str, str] = field(default_factory=dict)
    """The stack's uuid in each table that knows one."""

    def deploy(self, **wishes: Any) -> Any:
        """One deployment, without any waiting."""
        return Deployment(
            aws=self.account,
            stage=Stage(name="dev"),
            artefact=self.artefact,
            terminal=self.person,
            wishes=Wishes(**wishes),
            pace=Pace(every=0, longest=5, wait=lambda _: None),
        ).carry_out()


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """Secrets are there, no stack yet."""
    alone(monkeypatch)
    archive = tmp_path / "deployment.zip"
    archive.write_bytes(b"an archive")
    functions = {
        "Tick": {"Type": "AWS::Serverless::Function", "Properties": {"CodeUri": "./deployment.zip"}},
        "Table": {"Type": "AWS::DynamoDB::Table", "Properties": {}},
    }
    template = {"Resources": functions, "Parameters": {"MailFrom": {}, "AlarmEmail": {}, "New": {}}}
    with mock_aws():
        cloud = CloudFormation(outputs={"PublicUrl": URL, "AdvanceName": "ccc-dev-advance"})
        account = cloud.serve(Account())
        for name in ("keyring", "hetzner_token"):
            parameters.make(account, f"/ccc/dev/{name}", "stored")
        account.call("ssm", "put_parameter", Name="/ccc/dev/public_url", Value=URL, Type="String")
        made = Site(account, Person(), cloud, Artefact(archive=archive, digest="d" * 64, template=template))
        account.put("lambda.invoke", _invoked(made))
        account.put("s3.put_bucket_policy", _policed(made))
        account.put("dynamodb.get_item", functools.partial(_item, made))
        yield made


def _policed(site: Site) -> Any:
    """Moto reads no conditions in a bucket's policy, and would refuse everything from then on."""

    def put(Policy: str, **_: Any) -> dict[str, Any]:  # noqa: N803 -- AWS's names
        site.policies.append(Policy)
        return {}

    return put


def _item(site: Site, **request: Any) -> dict[str, Any]:
    """The stack item of a table."""
    uuid = site.tables.get(request["TableName"])
    return {"Item": {"body": {"M": {"uuid": {"S": uuid}}}}} if uuid else {}


def _invoked(site: Site) -> Any:
    def invoke(FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803 -- AWS's names
        assert json.loads(Payload) == {"found_stack": True}
        site.founded.append(FunctionName)
        return {"StatusCode": 200, "Payload": io.BytesIO(b"null")}

    return invoke


def _change(action: str, about: dict[str, Any], replacement: str | None = None) -> dict[str, Any]:
    more = {} if replacement is None else {"Replacement": replacement}
    return {"Type": "Resource", "ResourceChange": {"Action": action, **about, **more}}


def test_the_first_deployment_makes_everything_and_founds_the_stack(site: Site) -> None:
    """Bucket, archive, template whose functions run the archive, stack, founding: in this order."""
    site.cloud.changes = [_change("Add", TABLE), _change("Add", FUNCTION)]
    site.cloud.event("Table", "CREATE_COMPLETE", "of an earlier life")
    stack = site.deploy()
    assert (stack.status, site.founded) == ("CREATE_COMPLETE", ["ccc-dev-advance"])
    bucket = f"ccc-dev-artefacts-123456789012-{REGION}"
    template = site.account.call("s3", "get_object", Bucket=bucket, Key=f"{'d' * 64}.json")["Body"].read()
    code = json.loads(template)["Resources"]["Tick"]["Properties"]["CodeUri"]
    assert code == {"Bucket": bucket, "Key": f"{'d' * 64}.zip"}
    assert site.account.call("s3", "get_object", Bucket=bucket, Key=code["Key"])["Body"].read() == b"an archive"
    assert "of an earlier life" not in site.person.text()
    order = [each for each in site.account.asked if each in {"s3.create_bucket", "lambda.invoke"} or "execute" in each]
    assert order == ["s3.create_bucket", "cloudformation.execute_change_set", "lambda.invoke"]


def test_the_bucket_is_private_versioned_encrypted_and_forgets(site: Site) -> None:
    """Each property is put anew at every deployment."""
    site.deploy()
    name = f"ccc-dev-artefacts-123456789012-{REGION}"

    def ask(operation: str) -> dict[str, Any]:
        return site.account.call("s3", operation, Bucket=name)

    assert all(ask("get_public_access_block")["PublicAccessBlockConfiguration"].values())
    assert ask("get_bucket_versioning")["Status"] == "Enabled"
    assert ask("get_bucket_encryption")["ServerSideEncryptionConfiguration"]["Rules"]
    assert ask("get_bucket_lifecycle_configuration")["Rules"][0]["NoncurrentVersionExpiration"] == {
        "NoncurrentDays": 90
    }
    (policy,) = (json.loads(each)["Statement"] for each in site.policies)
    assert [(each["Effect"], each["Condition"]) for each in policy] == [
        ("Deny", {"Bool": {"aws:SecureTransport": "false"}})
    ]


def test_a_bucket_of_somebody_else_is_not_used(site: Site) -> None:
    """Its name can be guessed: nothing is sent there."""
    site.account.put("s3.head_bucket", refusal("403", status=403))
    with pytest.raises(OperateFailed, match="somebody else"):
        site.deploy()
    assert "s3.put_object" not in site.account.asked


def test_without_secrets_nothing_begins(site: Site) -> None:
    """Functions could not start."""
    parameters.delete(site.account, "/ccc/dev/hetzner_token")
    with pytest.raises(OperateFailed, match="hetzner_token") as caught:
        site.deploy()
    assert caught.value.remedy == "make secrets STAGE=dev"
    assert site.cloud.stacks == {}


def test_the_same_again_changes_nothing_and_sends_nothing(site: Site) -> None:
    """CloudFormation says that there is no change; founding again does no harm."""
    site.deploy()
    site.cloud.refuses = "The submitted information didn't contain changes. Submit different information."
    sent = site.account.asked.count("s3.put_object")
    site.deploy()
    assert site.account.asked.count("s3.put_object") == sent
    assert "nothing to change" in site.person.text()
    assert site.founded == ["ccc-dev-advance"] * 2
    assert site.cloud.sets == {}


def test_parameters_that_are_not_named_stay(site: Site) -> None:
    """What the stack has and the template still knows keeps its value; what is new takes its default."""
    site.cloud.have("ccc-dev", "UPDATE_COMPLETE", parameters={"MailFrom": "a@example.org", "Gone": "x"})
    site.cloud.changes = [_change("Remove", TABLE)]
    site.account.put("cloudformation.delete_change_set", {})  # refused, and kept, so that it can be looked at
    with pytest.raises(OperateFailed):
        site.deploy(parameters={"AlarmEmail": "b@example.org"})
    (request,) = site.cloud.sets.values()
    assert request["Parameters"] == [
        {"ParameterKey": "AlarmEmail", "ParameterValue": "b@example.org"},
        {"ParameterKey": "MailFrom", "UsePreviousValue": True},
    ]
    assert request["ChangeSetType"] == "UPDATE"


def test_a_parameter_that_the_template_does_not_have_is_refused(site: Site) -> None:
    """A misspelt one would be lost in silence."""
    with pytest.raises(OperateFailed, match="MailForm"):
        site.deploy(parameters={"MailForm": "a@example.org"})


@pytest.mark.parametrize(
    "change",
    [
        _change("Remove", TABLE),
        _change("Modify", TABLE, "True"),
        _change("Modify", TABLE, "Conditional"),
        _change("Dynamic", TABLE),
    ],
)
def test_what_may_lose_the_table_needs_a_word(site: Site, change: dict[str, Any]) -> None:
    """It is refused, the change set is dropped and nothing was done; with the word it is done."""
    site.cloud.have("ccc-dev", "UPDATE_COMPLETE")
    site.cloud.changes = [_change("Modify", FUNCTION, "False"), change]
    with pytest.raises(OperateFailed, match="every instance would be forgotten"):
        site.deploy()
    assert (site.cloud.sets, site.cloud.stacks["ccc-dev"]["StackStatus"]) == ({}, "UPDATE_COMPLETE")
    assert site.deploy(i_know=True).status == "UPDATE_COMPLETE"
    assert site.account.asked.count("cloudformation.execute_change_set") == 1


UUID, OTHER = "11111111-2222-3333-4444-555555555555", "99999999-2222-3333-4444-555555555555"
OWN, COPY = "ccc-dev-Table-X1", "ccc-dev-Table-restored-1"


def _with_table(site: Site, restored: str = "", **tables: str) -> None:
    """A deployed stack with a table of its own, and perhaps another one in its place; whose each table is."""
    site.cloud.have("ccc-dev", "UPDATE_COMPLETE", parameters={"RestoredTable": restored})
    site.cloud.table = OWN
    site.cloud.outputs["TableName"] = restored or OWN
    site.artefact.template["Parameters"]["RestoredTable"] = {}
    site.tables = {OWN if name == "own" else COPY: stack for name, stack in tables.items()}


@pytest.mark.parametrize(
    ("restored", "wanted", "tables", "said"),
    [
        ("", COPY, {"own": UUID, "copy": OTHER}, "Every instance would be forgotten"),
        ("", COPY, {"own": UUID}, "no stack item"),
        ("", COPY, {}, "no stack item"),
        (COPY, "", {"own": OTHER, "copy": UUID}, "Every instance would be forgotten"),
    ],
)
def test_a_table_of_another_stack_needs_a_word(
    site: Site, restored: str, wanted: str, tables: dict[str, str], said: str
) -> None:
    """A restored table of another stack, an empty or a missing one, or back to the own one that is another's."""
    _with_table(site, restored, **tables)
    with pytest.raises(OperateFailed, match=said):
        site.deploy(parameters={"RestoredTable": wanted})
    assert (site.cloud.sets, site.founded) == ({}, [])
    assert site.deploy(parameters={"RestoredTable": wanted}, i_know=True).status == "UPDATE_COMPLETE"


@pytest.mark.parametrize(
    ("restored", "wanted", "tables"),
    [
        ("", COPY, {"own": UUID, "copy": UUID}),
        ("", COPY, {"copy": UUID}),
        (COPY, COPY, {"copy": UUID}),
        (COPY, "", {"own": UUID, "copy": UUID}),
        ("", "", {}),
    ],
)
def test_a_table_of_the_same_stack_needs_none(site: Site, restored: str, wanted: str, tables: dict[str, str]) -> None:
    """A copy of the table in use, a copy for one that is empty, the same again, and the way back."""
    _with_table(site, restored, **tables)
    assert site.deploy(parameters={"RestoredTable": wanted}).status == "UPDATE_COMPLETE"


def test_a_first_deployment_may_begin_with_a_restored_table_that_knows_a_stack(site: Site) -> None:
    """There is none in use; an empty one is refused all the same."""
    site.artefact.template["Parameters"]["RestoredTable"] = {}
    with pytest.raises(OperateFailed, match="no stack item"):
        site.deploy(parameters={"RestoredTable": COPY})
    site.tables = {COPY: UUID}
    assert site.deploy(parameters={"RestoredTable": COPY}).status == "CREATE_COMPLETE"


def test_a_note_of_an_end_is_over_with_a_new_founding(site: Site) -> None:
    """It was about the stack before: a dry run leaves it, a deployment throws it away before it founds."""
    parameters.note(site.account, "/ccc/dev/ended", "{}")
    site.deploy(dry_run=True)
    assert "ended" in parameters.names(site.account, "/ccc/dev")
    site.deploy()
    assert "ended" not in parameters.names(site.account, "/ccc/dev")
    asked = site.account.asked
    assert asked.index("ssm.delete_parameter") < asked.index("lambda.invoke")


@pytest.mark.parametrize("still", [(), ("api",), ("api", "tick", "reap")])
def test_functions_that_stand_still_are_told(site: Site, still: tuple[str, ...]) -> None:
    """After a killed end or in a restore: each is named with the command that lets it go; an absent one is not."""

    def concurrency(FunctionName: str) -> dict[str, Any]:  # noqa: N803 -- AWS's names
        if FunctionName == "ccc-dev-reap" and "reap" not in still:
            raise refusal("ResourceNotFoundException", status=404)
        stopped = FunctionName.removeprefix("ccc-dev-") in still
        return {"ReservedConcurrentExecutions": 0} if stopped else {"ReservedConcurrentExecutions": 1}

    site.account.put("lambda.get_function_concurrency", concurrency)
    assert standstill.told(site.account, Stage(name="dev"), site.person) is bool(still)
    let_go = [each for each in site.person.lines if "delete-function-concurrency" in each]
    assert [each.rpartition("-")[2] for each in let_go] == list(still)


@pytest.mark.parametrize("still", [True, False])
def test_what_stands_still_is_not_looked_at(site: Site, *, still: bool) -> None:
    """In a restore nobody answers yet: that is said and is no failure; else the deployed stack is looked at."""
    site.account.put("lambda.get_function_concurrency", {"ReservedConcurrentExecutions": 0} if still else {})
    if still:
        assert looked_after_deploying(site.account, Stage(name="dev"), site.person)
        assert "make smoke STAGE=dev" in site.person.text()
        return
    with pytest.raises(OperateFailed, match="There is no stack"):
        looked_after_deploying(site.account, Stage(name="dev"), site.person)


@pytest.mark.parametrize(("action", "replacement"), [("Add", ""), ("Import", ""), ("Modify", "False"), ("Modify", "")])
def test_a_table_that_is_kept_needs_none(action: str, replacement: str) -> None:
    """An added, imported or changed table loses nothing."""
    assert not Change(action=action, logical="Table", kind="AWS::DynamoDB::Table", replacement=replacement).loses


def test_a_dry_run_shows_and_does_nothing(site: Site) -> None:
    """The change set is dropped, and nothing is founded."""
    site.cloud.have("ccc-dev", "UPDATE_COMPLETE")
    site.cloud.changes = [_change("Modify", FUNCTION, "True"), _change("Remove", FUNCTION)]
    assert site.deploy(dry_run=True) is None
    shown = [line for line in site.person.lines if "Tick" in line]
    assert [line.split()[0] for line in shown] == ["remove", "modify"]
    assert "replaced" in shown[1]
    assert (site.cloud.sets, site.founded) == ({}, [])


def test_what_failed_is_told_the_first_first(site: Site) -> None:
    """What was only cancelled is no cause."""
    site.cloud.have("ccc-dev", "UPDATE_COMPLETE")
    site.cloud.ends = "UPDATE_ROLLBACK_COMPLETE"
    site.cloud.changes = [_change("Modify", FUNCTION, "False")]
    begin = site.cloud.execute_change_set

    def execute(**request: Any) -> dict[str, Any]:
        site.cloud.event("Tick", "UPDATE_FAILED", "no such role")
        site.cloud.event("Reap", "UPDATE_FAILED", "Resource creation cancelled")
        site.cloud.event("Advance", "UPDATE_FAILED", "the second")
        return begin(**request)

    site.account.put("cloudformation.execute_change_set", execute)
    with pytest.raises(OperateFailed) as caught:
        site.deploy()
    told = str(caught.value)
    assert told.index("no such role") < told.index("the second")
    assert "cancelled" not in told
    assert "UPDATE_ROLLBACK_COMPLETE" in told
    assert site.founded == []


def test_a_template_that_is_refused_is_told_with_the_reason(site: Site) -> None:
    """The failed change set is not left behind."""
    site.cloud.refuses = "Template error: unresolved resource dependencies [Tabel]"
    with pytest.raises(OperateFailed, match="Tabel"):
        site.deploy()
    assert site.cloud.sets == {}


def test_killed_after_the_change_set_was_made(site: Site) -> None:
    """A stack that only has a change set is made as if it were not there."""
    site.cloud.have("ccc-dev", "REVIEW_IN_PROGRESS")
    assert site.deploy().status == "CREATE_COMPLETE"


@pytest.mark.parametrize(
    ("begun", "ends"), [("CREATE_IN_PROGRESS", "CREATE_COMPLETE"), ("UPDATE_IN_PROGRESS", "UPDATE_COMPLETE")]
)
def test_killed_while_the_stack_was_at_work(site: Site, begun: str, ends: str) -> None:
    """What goes on is waited for, then it is an update."""
    site.cloud.have("ccc-dev", begun, then=ends)
    assert site.deploy().status == "UPDATE_COMPLETE"
    assert site.founded == ["ccc-dev-advance"]


def test_a_stack_that_never_was_is_removed_first(site: Site) -> None:
    """After a failed creation nothing else can be done with it."""
    site.cloud.have("ccc-dev", "ROLLBACK_COMPLETE")
    assert site.deploy().status == "CREATE_COMPLETE"
    assert "cloudformation.delete_stack" in site.account.asked


def test_a_stack_that_needs_a_hand_is_refused_with_the_command(site: Site) -> None:
    """No change set could be made."""
    site.cloud.have("ccc-dev", "UPDATE_ROLLBACK_FAILED")
    with pytest.raises(OperateFailed) as caught:
        site.deploy()
    assert "continue-update-rollback" in caught.value.remedy


def test_a_founding_that_fails_is_a_failure(site: Site) -> None:
    """The function's own words are told; the next deployment tries again."""
    answer = {"StatusCode": 200, "FunctionError": "Unhandled"}

    def invoke(**_: Any) -> dict[str, Any]:
        return {**answer, "Payload": io.BytesIO(b'{"errorMessage": "The marker is taken."}')}

    site.account.put("lambda.invoke", invoke)
    with pytest.raises(OperateFailed, match="The marker is taken"):
        site.deploy()


def test_a_public_url_that_somebody_changed_is_told(site: Site) -> None:
    """Every link would lead elsewhere."""
    site.account.call("ssm", "put_parameter", Name="/ccc/dev/public_url", Value="https://x.example", Overwrite=True)
    with pytest.raises(OperateFailed, match=r"x\.example"):
        site.deploy()
    assert site.founded == []


def test_an_artefact_must_be_there_untouched_and_of_these_sources(tmp_path: Path) -> None:
    """Missing, of other sources, or changed by hand: each is refused with the command that makes it."""
    project, cache, stage = tmp_path / "project", tmp_path / "cache", Stage(name="dev", out=tmp_path / "out")
    (project / "chalicelib").mkdir(parents=True)
    (project / ".chalice").mkdir()
    for name in ("app.py", "requirements.txt", "chalicelib/x.py", ".chalice/config.json"):
        (project / name).write_text("1", encoding="utf-8")
    cache.mkdir()
    refused = pytest.raises(OperateFailed, match=r"no artefact|not made of the sources")
    with refused as caught:
        ready(stage, cache=cache, project=project)
    assert caught.value.remedy == "make package STAGE=dev"
    stage.place.mkdir(parents=True)
    (stage.place / "deployment.zip").write_bytes(b"1")
    (stage.place / "sam.json").write_text("{}", encoding="utf-8")
    stamp.leave(cache, stage.place, stamp.of_inputs(project, of_this_interpreter()))
    assert ready(stage, cache=cache, project=project).template == {}
    (project / "app.py").write_text("2", encoding="utf-8")
    with refused:
        ready(stage, cache=cache, project=project)
    (project / "app.py").write_text("1", encoding="utf-8")
    (stage.place / "deployment.zip").write_bytes(b"2")
    with refused:
        ready(stage, cache=cache, project=project)


def test_a_function_that_runs_another_archive_is_refused(site: Site) -> None:
    """Its code would be a file of this machine."""
    site.artefact.template["Resources"]["Tick"]["Properties"]["CodeUri"] = "./other.zip"
    with pytest.raises(OperateFailed, match="does not run the archive"):
        site.artefact.template_in("bucket")


@pytest.mark.parametrize("name", ["", "Prod", "a-b", "1st", "x" * 17])
def test_a_stage_has_a_plain_name(name: str) -> None:
    """The template takes it out of the stack's name, at the hyphen."""
    with pytest.raises(OperateFailed):
        Stage(name=name)


def test_the_same_name_with_other_content_is_sent_again(site: Site) -> None:
    """An upload that was not ours, or broke off, is replaced."""
    bucket = Bucket(aws=site.account, name=f"ccc-dev-artefacts-123456789012-{REGION}", account="123456789012")
    assert (bucket.make(), bucket.make()) == (True, False)
    assert [bucket.put("x.zip", b"1"), bucket.put("x.zip", b"1"), bucket.put("x.zip", b"2")] == [True, False, True]
