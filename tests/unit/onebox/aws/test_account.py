"""What an operator's commands hear of the account: who asks, which stack, and that nobody looks further."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import botocore.session  # type: ignore[import-untyped]  # botocore ships no types
import pytest
from botocore.exceptions import ClientError  # type: ignore[import-untyped]  # same

from onebox.aws.account import Account
from onebox.aws.template import ACCOUNT, REGION, Template
from onebox.aws.wire import Server, serving

TEMPLATE = {"Resources": {}, "Parameters": {"AlarmEmail": {"Type": "String", "Default": ""}}}


@pytest.fixture
def endpoint() -> Iterator[str]:
    """An account with the stack of a stage."""
    account = Account(Template(document=TEMPLATE, stack="ccc-dev"), {"PublicUrl": "http://localhost:1/api"})
    with serving(Server([account])) as url:
        yield url


def client(endpoint: str, service: str) -> Any:
    """Botocore's, which reads the answers as it reads AWS's."""
    return botocore.session.Session().create_client(
        service,
        region_name=REGION,
        endpoint_url=endpoint,
        aws_access_key_id="x",
        aws_secret_access_key="x",
    )


def test_whoever_asks_is_the_operator(endpoint: str) -> None:
    """STS names the account."""
    assert client(endpoint, "sts").get_caller_identity()["Account"] == ACCOUNT


def test_the_stack_is_described(endpoint: str) -> None:
    """CloudFormation knows the one stack with its outputs and parameters, and no other."""
    cloudformation = client(endpoint, "cloudformation")
    (stack,) = cloudformation.describe_stacks(StackName="ccc-dev")["Stacks"]
    assert stack["Outputs"] == [{"OutputKey": "PublicUrl", "OutputValue": "http://localhost:1/api"}]
    assert stack["Parameters"] == [{"ParameterKey": "AlarmEmail", "ParameterValue": ""}]
    with pytest.raises(ClientError, match="does not exist"):
        cloudformation.describe_stacks(StackName="ccc-prod")


@pytest.mark.parametrize(
    ("service", "operation", "request_"),
    [
        ("cloudwatch", "describe_alarms", {}),
        ("service-quotas", "list_service_quotas", {"ServiceCode": "codebuild"}),
        ("sesv2", "get_account", {}),
        ("sns", "list_topics", {}),
        ("lambda", "put_function_concurrency", {"FunctionName": "f", "ReservedConcurrentExecutions": 0}),
    ],
)
def test_what_nobody_stands_in_for_is_denied(
    endpoint: str, service: str, operation: str, request_: dict[str, Any]
) -> None:
    """In each of AWS's protocols it is the refusal that those get who may not look."""
    with pytest.raises(ClientError) as refused:
        getattr(client(endpoint, service), operation)(**request_)
    error = refused.value.response["Error"]
    assert error["Code"] in {"AccessDenied", "AccessDeniedException"}
    assert error["Message"].startswith("Nobody stands in for ")


def test_no_bucket_is_there_and_none_can_be_made(endpoint: str) -> None:
    """A deployment ends where it makes its bucket, with a sentence: S3 has no place for one where it looks."""
    s3 = client(endpoint, "s3")
    with pytest.raises(ClientError) as absent:
        s3.head_bucket(Bucket="ccc-dev-artefacts")
    assert absent.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404
    with pytest.raises(ClientError) as refused:
        s3.create_bucket(Bucket="ccc-dev-artefacts")
    assert refused.value.response["Error"]["Code"] == "AccessDenied"
    assert refused.value.response["Error"]["Message"] == (
        "Nobody stands in for PUT /ccc-dev-artefacts of s3 in a rehearsal."
    )
