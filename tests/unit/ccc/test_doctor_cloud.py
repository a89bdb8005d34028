"""`ccc doctor --cloud`: each thing that can be wrong with a stage at AWS is a finding with its remedy."""

from __future__ import annotations

import functools
import json
import os
import secrets
import shlex
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

import botocore.session  # type: ignore[import-untyped]  # botocore ships no types
import pytest
from botocore import xform_name
from botocore.validate import ParamValidator  # type: ignore[import-untyped]  # botocore ships no types

from ccc.checked_cloud import Surroundings, cloud
from ccc.checked_stack import stack
from ccc.cloud_account import CloudRefused
from ccc.cloud_surroundings import surroundings
from ccc.finding import Finding, State
from tests.unit.ccc.conftest import Ccc
from tests.unit.ccc.service import STATE, Service

NOW = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)
HETZNER = secrets.token_hex(32)
UUID, OTHER = "11111111-2222-3333-4444-555555555555", "99999999-2222-3333-4444-555555555555"
TABLE = "ccc-prod-Table-X1"
ADDRESS = "https://x.example/api"
TOPIC = "arn:aws:sns:eu-central-1:123456789012:ccc-prod-alarms"
WRITES = ("put", "create", "delete", "update", "start", "invoke", "execute", "detect")


def _parameter(name: str, kind: str = "SecureString", value: str = "hidden") -> dict[str, Any]:
    return {"Name": f"/ccc/prod/{name}", "Type": kind, "Value": value}


def _alarm(name: str, state: str = "OK", *, heard: bool = True) -> dict[str, Any]:
    return {"AlarmName": f"ccc-prod {name}", "StateValue": state, "ActionsEnabled": heard}


def well() -> dict[str, Any]:
    """What AWS answers of a stage that is well."""
    outputs = {"AlarmTopic": TOPIC, "BuilderProjectName": "ccc-prod-builder", "PublicUrl": ADDRESS}
    outputs["TableName"] = TABLE
    found = {
        "StackName": "ccc-prod",
        "StackStatus": "UPDATE_COMPLETE",
        "CreationTime": NOW,
        "Outputs": [{"OutputKey": key, "OutputValue": value} for key, value in outputs.items()],
        "Parameters": [{"ParameterKey": "MailIdentity", "ParameterValue": "example.org"}],
    }
    environment = {"type": "LINUX_CONTAINER", "image": "i", "computeType": "BUILD_GENERAL1_SMALL"}
    quota = {"QuotaName": "Concurrently running builds for Linux/Small environment", "QuotaCode": "L-1", "Value": 20.0}
    return {
        "sts.get_caller_identity": {"Account": "123456789012"},
        "cloudformation.describe_stacks": {"Stacks": [found]},
        "ssm.get_parameters_by_path": {
            "Parameters": [
                _parameter("keyring"),
                _parameter("hetzner_token"),
                _parameter("public_url", "String", ADDRESS),
            ]
        },
        "dynamodb.get_item": {"Item": {"key": {"S": "stack"}, "body": {"M": {"uuid": {"S": UUID}}}}},
        "ssm.get_parameter": {"Parameter": {**_parameter("hetzner_token"), "Value": HETZNER}},
        "lambda.get_account_settings": {
            "AccountLimit": {"ConcurrentExecutions": 1000, "UnreservedConcurrentExecutions": 998}
        },
        "codebuild.batch_get_projects": {"projects": [{"environment": environment}]},
        "service-quotas.list_service_quotas": {"Quotas": [quota]},
        "sesv2.get_account": {
            "SendingEnabled": True,
            "ProductionAccessEnabled": True,
            "EnforcementStatus": "HEALTHY",
            "SendQuota": {"Max24HourSend": 50000.0, "MaxSendRate": 14.0, "SentLast24Hours": 12.0},
        },
        "sesv2.get_email_identity": {"VerifiedForSendingStatus": True},
        "cloudwatch.describe_alarms": {"MetricAlarms": [_alarm("stack.frozen"), _alarm("reap.silent")]},
        "sns.list_subscriptions_by_topic": {"Subscriptions": [{"SubscriptionArn": f"{TOPIC}:1", "Protocol": "email"}]},
    }


@functools.cache
def _shapes(service: str, operation: str) -> tuple[Any, Any]:
    model = botocore.session.get_session().get_service_model(service)
    (name,) = (each for each in model.operation_names if xform_name(each) == operation)
    found = model.operation_model(name)
    return found.input_shape, found.output_shape


@dataclass
class Account:
    """A fake account: requests and answers must fit botocore's model, and nothing may be changed."""

    answers: dict[str, Any] = field(default_factory=well)
    asked: list[str] = field(default_factory=list)

    def ask(self, service: str, operation: str, **request: Any) -> dict[str, Any]:
        """The answer, or the refusal that a test has put in its place."""
        name = f"{service}.{operation}"
        self.asked.append(name)
        assert not operation.startswith(WRITES)
        answer = self.answers[name]
        if isinstance(answer, CloudRefused):
            raise answer
        for document, shape in zip((request, answer), _shapes(service, operation), strict=True):
            report = ParamValidator().validate(document, shape) if shape is not None else None
            assert report is None or not report.has_errors(), report.generate_report()
        return {**answer, "ResponseMetadata": {"HTTPHeaders": {"date": format_datetime(NOW, usegmt=True)}}}


def markers(*stacks: str) -> tuple[int, dict[str, Any]]:
    """What the provider answers: these stacks' markers, and a key of somebody's."""
    return 200, {"ssh_keys": [{"name": f"ccc-stack-{each}"} for each in stacks] + [{"name": "laptop"}]}


def looked(
    account: Account,
    *,
    now: float = NOW.timestamp(),
    provider: tuple[int, dict[str, Any]] = markers(UUID),
) -> dict[str, Finding]:
    """The findings by name; the provider must be asked with the stored token."""

    def ask(path: str, token: str) -> tuple[int, dict[str, Any]]:
        assert (path.split("?", maxsplit=1)[0], token) == ("/ssh_keys", HETZNER)
        return provider

    found = cloud(account, "prod", Surroundings(now=lambda: now, provider=ask))
    assert len({each.name for each in found}) == len(found)
    return {each.name: each for each in found}


def test_a_stage_that_is_well_has_nothing_missing() -> None:
    """Every subject has a finding, all of them good."""
    found = looked(Account())
    assert {each.state for each in found.values()} == {State.OK}
    assert set(found) == {
        *("aws account", "clock", "stack", "/ccc/prod/keyring", "/ccc/prod/hetzner_token", "/ccc/prod/public_url"),
        *("provider's token", "marker", "lambda quota", "codebuild quota", "ses", "ses quota", "ses identity"),
        *("alarms", "alarm topic"),
    }
    assert HETZNER not in str(found)


def _with(name: str, change: Callable[[dict[str, Any]], None]) -> Account:
    account = Account()
    change(account.answers[name])
    return account


LAMBDA, QUOTAS = "lambda.get_account_settings", "service-quotas.list_service_quotas"
SES, IDENTITY = "sesv2.get_account", "sesv2.get_email_identity"
ALARMS, READERS = "cloudwatch.describe_alarms", "sns.list_subscriptions_by_topic"
SECRETS = "ssm.get_parameters_by_path"
FEW = {"AccountLimit": {"ConcurrentExecutions": 10, "UnreservedConcurrentExecutions": 10}}
UNVERIFIED = {"VerifiedForSendingStatus": False, "DkimAttributes": {"Tokens": ["abc"]}}
RINGS = {"MetricAlarms": [_alarm("stack.frozen", "ALARM")]}


def _builds(most: float) -> dict[str, Any]:
    name = "Concurrently running builds for Linux/Small environment"
    return {"Quotas": [{"QuotaName": name, "QuotaCode": "L-1", "Value": most}]}


@pytest.mark.parametrize(
    ("name", "change", "finding", "state", "said"),
    [
        (LAMBDA, FEW, "lambda quota", State.MISSING, "10 of them"),
        (QUOTAS, _builds(1.0), "codebuild quota", State.NOTE, "1 builder at a time"),
        (QUOTAS, _builds(0.0), "codebuild quota", State.MISSING, "no builder"),
        (QUOTAS, {"Quotas": []}, "codebuild quota", State.NOTE, "lists no"),
        (SES, {"ProductionAccessEnabled": False}, "ses", State.MISSING, "sandbox"),
        (SES, {"SendingEnabled": False}, "ses", State.MISSING, "switched off"),
        (SES, {"EnforcementStatus": "PROBATION"}, "ses reputation", State.MISSING, "PROBATION"),
        (SES, {"SendQuota": {"Max24HourSend": 200.0}}, "ses quota", State.NOTE, "200 letters"),
        (IDENTITY, UNVERIFIED, "ses identity", State.MISSING, "not verified"),
        (ALARMS, {"MetricAlarms": []}, "alarms", State.MISSING, "has none"),
        (ALARMS, RINGS, "alarm stack.frozen", State.MISSING, "rings"),
        (ALARMS, {"MetricAlarms": [_alarm("a.b", heard=False)]}, "alarms switched off", State.MISSING, "a.b"),
        (
            READERS,
            {"Subscriptions": [{"SubscriptionArn": "PendingConfirmation"}]},
            "alarm topic",
            State.MISSING,
            "nobody",
        ),
        (READERS, {"Subscriptions": []}, "alarm topic", State.NOTE, "nobody is told"),
        (
            SECRETS,
            {"Parameters": [_parameter("keyring", "String")]},
            "/ccc/prod/keyring",
            State.MISSING,
            "not a Secure",
        ),
        (SECRETS, {"Parameters": []}, "/ccc/prod/hetzner_token", State.MISSING, "not there"),
        (SECRETS, {"Parameters": []}, "/ccc/prod/public_url", State.MISSING, "no page shown"),
        (
            SECRETS,
            {"Parameters": [_parameter("public_url", "String", "https://old.example")]},
            "/ccc/prod/public_url",
            State.MISSING,
            f"says https://old.example, and the stack {ADDRESS}",
        ),
        (
            SECRETS,
            {"Parameters": [_parameter("public_url", value=ADDRESS)]},
            "/ccc/prod/public_url",
            State.MISSING,
            "not a String",
        ),
    ],
)
def test_what_is_wrong_is_found_with_its_remedy(
    name: str, change: dict[str, Any], finding: str, state: State, said: str
) -> None:
    """One thing wrong, one finding that says so and what to do."""
    found = looked(_with(name, lambda answer: answer.update(change)))[finding]
    assert found.state is state
    assert said in found.found
    assert found.remedy


def test_an_address_that_is_gone_is_written_again_by_the_command_that_is_told() -> None:
    """A deployment without a change makes nothing anew, so the remedy is the parameter itself, as the stack has it."""
    found = looked(_with(SECRETS, lambda answer: answer.update({"Parameters": []})))["/ccc/prod/public_url"]
    assert found.remedy is not None
    *words, document = shlex.split(found.remedy)
    assert " ".join(words).startswith("aws ssm put-parameter --name /ccc/prod/public_url --type String --overwrite ")
    assert (words[-1], json.loads(document)) == ("--cli-input-json", {"Value": ADDRESS})


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("CREATE_COMPLETE", State.OK),
        ("UPDATE_IN_PROGRESS", State.NOTE),
        ("UPDATE_ROLLBACK_COMPLETE", State.NOTE),
        ("UPDATE_ROLLBACK_FAILED", State.MISSING),
        ("ROLLBACK_COMPLETE", State.MISSING),
    ],
)
def test_the_stack_s_status_is_judged(status: str, state: State) -> None:
    """A deployment that went back is worth a note, one that hangs must be mended."""
    account = _with("cloudformation.describe_stacks", lambda answer: answer["Stacks"][0].update(StackStatus=status))
    assert looked(account)["stack"].state is state


def test_known_drift_is_a_note() -> None:
    """It is not looked for anew: that takes minutes and starts something."""
    drift = {"DriftInformation": {"StackDriftStatus": "DRIFTED"}}
    account = _with("cloudformation.describe_stacks", lambda answer: answer["Stacks"][0].update(drift))
    assert looked(account)["drift"].state is State.NOTE


def test_without_a_stack_the_account_is_looked_at_all_the_same() -> None:
    """Before the first deployment quotas and letters are what one wants to know."""
    account = Account()
    account.answers["cloudformation.describe_stacks"] = CloudRefused(
        "ValidationError", "Stack with id ccc-prod does not exist"
    )
    found = looked(account)
    assert (found["stack"].state, found["stack"].remedy) == (State.MISSING, "make deploy STAGE=prod")
    assert {"lambda quota", "ses", "ses quota"} <= set(found)


@pytest.mark.parametrize("code", ["AccessDenied", "AccessDeniedException"])
def test_what_may_not_be_looked_at_stops_nothing(code: str) -> None:
    """It is a note, and everything else is still looked at."""
    account = Account()
    account.answers["lambda.get_account_settings"] = CloudRefused(code)
    found = looked(account)
    assert found["lambda quota"].state is State.NOTE
    assert "alarm topic" in found


def test_an_account_that_cannot_be_asked_is_the_only_finding() -> None:
    """Without credentials there is nothing to look at."""
    account = Account({"sts.get_caller_identity": CloudRefused("NoCredentialsError")})
    assert set(looked(account)) == {"aws account"}


@pytest.mark.parametrize(
    ("provider", "name", "state"),
    [
        ((401, {}), "provider's token", State.MISSING),
        ((0, {}), "provider's token", State.NOTE),
        ((503, {}), "provider's token", State.NOTE),
        (markers(), "marker", State.MISSING),
        (markers(OTHER), "marker", State.MISSING),
        (markers(OTHER, "3"), "marker", State.MISSING),
        (markers(OTHER, UUID), "marker", State.NOTE),
    ],
)
def test_the_provider_is_asked_with_the_stored_token(
    provider: tuple[int, dict[str, Any]], name: str, state: State
) -> None:
    """A rejected token, silence, no marker, another's marker, and two stacks in one project are told apart."""
    assert looked(Account(), provider=provider)[name].state is state


def test_another_stack_s_marker_is_told_with_both_ids() -> None:
    """A token of another project: whose it is, whose the table is, and how to store the right one."""
    found = looked(Account(), provider=markers(OTHER))["marker"]
    assert OTHER in found.found
    assert UUID in found.found
    assert found.remedy is not None
    assert found.remedy.startswith("make secrets STAGE=prod ROTATE=hetzner")


@pytest.mark.parametrize(
    ("table", "state", "said"),
    [
        ({}, State.MISSING, "not founded"),
        (CloudRefused("ResourceNotFoundException"), State.MISSING, "not founded"),
        (CloudRefused("AccessDeniedException"), State.NOTE, "may not read"),
        (CloudRefused("ReadTimeoutError"), State.MISSING, "ReadTimeoutError"),
    ],
)
def test_a_table_that_does_not_say_whose_it_is_makes_no_marker_ours(
    table: dict[str, Any] | CloudRefused, state: State, said: str
) -> None:
    """Without the table's word no marker is good, not even a single one."""
    account = Account()
    account.answers["dynamodb.get_item"] = table
    found = looked(account)["marker"]
    assert (found.state, said in found.found) == (state, True)


@pytest.mark.parametrize(
    ("apart", "state"), [(59, State.OK), (-59, State.OK), (90, State.MISSING), (-90, State.MISSING)]
)
def test_the_clocks_are_compared(apart: float, state: State) -> None:
    """By AWS's own Date; a minute either way is fine."""
    assert looked(Account(), now=NOW.timestamp() + apart)["clock"].state is state


@pytest.mark.parametrize("service_name", ["fargate"])
def test_a_stage_on_fargate_is_judged_by_its_vcpus(service_name: str) -> None:
    """A builder takes two of them."""
    account = Account()
    outputs = [{"OutputKey": "BuilderClusterName", "OutputValue": "c"}]
    account.answers["cloudformation.describe_stacks"]["Stacks"][0]["Outputs"] = outputs
    account.answers["service-quotas.get_service_quota"] = {"Quota": {"ServiceCode": service_name, "Value": 6.0}}
    found = looked(account)["fargate quota"]
    assert (found.state, found.found[:10]) == (State.NOTE, "3 builders")


class Told:
    """A service that tells its state."""

    url = "https://x.example/api"

    def __init__(self, **changes: Any) -> None:
        self._state = {**STATE, "stack": {**STATE["stack"], **changes.pop("stack", {})}, **changes}

    def state(self) -> dict[str, Any]:
        """The state."""
        return self._state


@pytest.mark.parametrize(
    ("changes", "name", "state"),
    [
        ({}, "marker as the service sees it", State.OK),
        ({"stack": {"marker": {"state": "foreign"}}}, "marker as the service sees it", State.MISSING),
        ({"stack": {"frozen": "restored"}}, "freeze", State.MISSING),
        ({"stack": {"paused": True}}, "pause", State.NOTE),
        ({"late": [{"instance_id": "0123456789ab"}]}, "late", State.MISSING),
    ],
)
def test_what_the_service_says_of_its_stack_is_judged(changes: dict[str, Any], name: str, state: State) -> None:
    """A freeze, a pause, a foreign marker, and what is late."""
    found = {each.name: each for each in stack(Told(**changes))}  # type: ignore[arg-type]  # the one method it asks
    assert found[name].state is state


def test_without_botocore_the_remedy_is_one_command(ccc: Ccc, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing else of the command line needs it."""
    for name in [each for each in sys.modules if each.partition(".")[0] == "botocore"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "botocore", None)
    done = ccc("doctor", "--cloud")
    assert (done.code, "pip install botocore" in done.err) == (1, True)
    assert ccc("state").code == 0


def test_without_an_account_the_command_says_what_to_set(
    ccc: Ccc, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With no credentials at all; the service is asked for its own state."""
    for name in [each for each in os.environ if each.startswith("AWS_")]:  # noqa: TID251 to take it away
        monkeypatch.delenv(name)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/dev/null")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    done = ccc("doctor", "--cloud", "--region", "eu-central-1", "--output", "json")
    told = json.loads(done.out)
    assert (done.code, told["ok"], told["stage"]) == (1, False, "prod")
    checks = {each["name"]: each for each in told["checks"]}
    assert checks["aws account"]["found"] == "it cannot be asked (NoCredentialsError)"
    assert checks["marker as the service sees it"]["state"] == "ok"
    assert [asked.path for asked in service.asked] == ["/operator/state"]


def test_an_emulator_beside_the_real_aws_is_refused(ccc: Ccc, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it says of a token and a marker would be another world's; the real provider by its name is none."""
    for name in [each for each in os.environ if each.startswith("AWS_")]:  # noqa: TID251 to take it away
        monkeypatch.delenv(name)
    monkeypatch.setenv("HCLOUD_ENDPOINT", "http://127.0.0.1:1/v1")
    done = ccc("doctor", "--cloud")
    assert (done.code, "that is not the provider" in done.err, "unset HCLOUD_ENDPOINT" in done.err) == (2, True, True)
    assert surroundings("https://api.hetzner.cloud/v1/", {}).now() > 0
    assert surroundings("http://127.0.0.1:1/v1", {"AWS_ENDPOINT_URL_SSM": "http://127.0.0.1:2"}).now() > 0


def test_the_stage_belongs_to_the_cloud(ccc: Ccc) -> None:
    """A stage without --cloud would be looked at nowhere."""
    assert ccc("doctor", "--stage", "prod").code == 2
