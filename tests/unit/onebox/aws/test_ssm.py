"""SSM's stand-in, asked by botocore: pages, decryption, overwriting, refusals, and what a killed process leaves."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from botocore.exceptions import ClientError  # type: ignore[import-untyped]  # botocore ships no types

from onebox.aws.ssm import Ssm
from onebox.aws.wire import Server, serving
from tests.unit.onebox.aws.clients import client, served


@pytest.fixture
def ssm(tmp_path: Path) -> Iterator[Any]:
    """A client of a stand-in without parameters."""
    with served("ssm", Ssm(tmp_path / "ssm.json")) as client:
        yield client


def test_pages_hold_ten_and_lead_on(ssm: Any) -> None:
    """Twelve parameters below a path come in two pages, each once, and none of another path."""
    for number in range(12):
        ssm.put_parameter(Name=f"/ccc/dev/p{number:02}", Value=str(number), Type="String")
    ssm.put_parameter(Name="/ccc/prod/p", Value="other", Type="String")
    ssm.put_parameter(Name="/ccc/dev/deep/p", Value="deeper", Type="String")
    first = ssm.get_parameters_by_path(Path="/ccc/dev")
    second = ssm.get_parameters_by_path(Path="/ccc/dev", NextToken=first["NextToken"])
    assert [len(page["Parameters"]) for page in (first, second)] == [10, 2]
    assert "NextToken" not in second
    found = [each["Value"] for page in (first, second) for each in page["Parameters"]]
    assert found == [str(number) for number in range(12)]
    assert len(ssm.get_parameters_by_path(Path="/ccc", Recursive=True, MaxResults=3)["Parameters"]) == 3


def test_a_secret_is_plain_only_where_decryption_is_asked_for(ssm: Any) -> None:
    """Without WithDecryption a SecureString's value is not told, and a String's is."""
    ssm.put_parameter(Name="/a/secret", Value="hidden", Type="SecureString")
    ssm.put_parameter(Name="/a/plain", Value="seen", Type="String")
    closed = {one["Name"]: one["Value"] for one in ssm.get_parameters_by_path(Path="/a")["Parameters"]}
    assert closed["/a/plain"] == "seen"
    assert "hidden" not in closed["/a/secret"]
    assert ssm.get_parameter(Name="/a/secret", WithDecryption=True)["Parameter"]["Value"] == "hidden"


def test_a_parameter_is_replaced_only_on_purpose(ssm: Any) -> None:
    """A second put needs Overwrite, and raises the version."""
    ssm.put_parameter(Name="/a/b", Value="1", Type="String")
    with pytest.raises(ssm.exceptions.ParameterAlreadyExists):
        ssm.put_parameter(Name="/a/b", Value="2", Type="String")
    assert ssm.put_parameter(Name="/a/b", Value="2", Overwrite=True)["Version"] == 2
    assert ssm.get_parameter(Name="/a/b")["Parameter"]["Value"] == "2"


def test_what_is_not_there_is_said_so(ssm: Any) -> None:
    """A look for several tells the missing ones; one alone, or its removal, is refused."""
    ssm.put_parameter(Name="/a/b", Value="1", Type="String")
    several = ssm.get_parameters(Names=["/a/b", "/a/c"])
    assert [one["Name"] for one in several["Parameters"]] == ["/a/b"]
    assert several["InvalidParameters"] == ["/a/c"]
    with pytest.raises(ssm.exceptions.ParameterNotFound):
        ssm.get_parameter(Name="/a/c")
    ssm.delete_parameter(Name="/a/b")
    with pytest.raises(ssm.exceptions.ParameterNotFound):
        ssm.delete_parameter(Name="/a/b")


@pytest.mark.parametrize("given", [{"Name": "no-slash", "Value": "x"}, {"Name": "/a", "Value": "x" * 4097}])
def test_what_ssm_does_not_keep_is_refused(ssm: Any, given: dict[str, str]) -> None:
    """A name that is not fully qualified and a value beyond the standard tier are refused."""
    with pytest.raises(ClientError, match="ValidationException"):
        ssm.put_parameter(Type="String", **given)


def test_parameters_survive_the_process_and_are_private(tmp_path: Path) -> None:
    """What one process has put, another finds; the file is its owner's alone."""
    with served("ssm", Ssm(tmp_path / "ssm.json")) as first:
        first.put_parameter(Name="/a/b", Value="kept", Type="SecureString")
    assert (tmp_path / "ssm.json").stat().st_mode & 0o777 == 0o600
    with served("ssm", Ssm(tmp_path / "ssm.json")) as second:
        assert second.get_parameter(Name="/a/b", WithDecryption=True)["Parameter"]["Value"] == "kept"


def test_only_the_stacks_own_key_is_listened_to(tmp_path: Path) -> None:
    """Where an access key is named, a request that is signed with another one is refused."""
    with serving(Server([Ssm(tmp_path / "ssm.json")], access_key="nobody")) as url:
        client("ssm", url).put_parameter(Name="/a/b", Value="x", Type="String")
    with (
        serving(Server([Ssm(tmp_path / "ssm.json")], access_key="somebody")) as url,
        pytest.raises(ClientError, match="UnrecognizedClientException"),
    ):
        client("ssm", url).get_parameter(Name="/a/b")


@pytest.mark.parametrize(
    ("signed", "name", "body", "code"),
    [
        (False, "GetParameter", {"Name": "/a"}, "MissingAuthenticationTokenException"),
        (True, "GetParameter", {"Nam": "/a"}, "ValidationException"),
        (True, "LabelParameterVersion", {"Name": "/a"}, "UnknownOperationException"),
    ],
)
def test_a_request_that_aws_would_not_take(tmp_path: Path, signed: bool, name: str, body: object, code: str) -> None:
    """Without a signature, with a member that there is not, or for another operation: refused in SSM's own protocol."""
    headers = {"X-Amz-Target": f"AmazonSSM.{name}", "Content-Type": "application/x-amz-json-1.1"}
    headers |= {"Authorization": "AWS4-HMAC-SHA256 Credential=x"} if signed else {}
    with serving(Server([Ssm(tmp_path / "ssm.json")])) as url:
        request = Request(url, json.dumps(body).encode(), headers, method="POST")  # noqa: S310 -- our own server
        with pytest.raises(HTTPError) as refused:
            urlopen(request, timeout=10)  # noqa: S310 -- same
        with refused.value:
            assert json.loads(refused.value.read())["__type"] == code
