"""AWS as these tools ask it: one client for each service, made at its first use; refusals with what to do."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from chalicelib.aws.client import AwsClient, Patience
from chalicelib.aws.errors import Answered, AwsError, NotConfigured
from operate.failure import OperateFailed

PATIENCE = Patience(connect=5, read=60, tries=4)
INVOKING = Patience(connect=5, read=260, tries=1)
"""A worker has four minutes; a second try would be a second invocation."""

CREDENTIALS = "export AWS_PROFILE=… AWS_DEFAULT_REGION=…    (any way that AWS's own tools take)"


class Aws:
    """The services of one account in one region; the region is botocore's choice where none is named."""

    def __init__(self, region: str | None = None) -> None:
        self._region = region
        self._clients: dict[str, AwsClient] = {}

    @property
    def region(self) -> str:
        """The region in use; OperateFailed without one."""
        from botocore.exceptions import NoRegionError  # type: ignore[import-untyped]  # noqa: PLC0415 -- imported late

        try:
            return str(self._client("ssm").vendor().meta.region_name)
        except NoRegionError:
            raise OperateFailed("No region is chosen.", "export AWS_DEFAULT_REGION=eu-central-1") from None

    def call(self, service: str, operation: str, **request: Any) -> dict[str, Any]:
        """The answer to one operation; AwsError in its four kinds."""
        return self._client(service).call(operation, **request)

    def is_rehearsed(self, service: str) -> bool:
        """Whether a stand-in on this machine is asked instead of AWS, which never has an address of this machine."""
        return is_here(urlsplit(str(self._client(service).vendor().meta.endpoint_url)).hostname or "")

    def _client(self, service: str) -> AwsClient:
        if service not in self._clients:
            patience = INVOKING if service == "lambda" else PATIENCE
            self._clients[service] = AwsClient(service, patience, region=self._region)
        return self._clients[service]


def is_here(host: str) -> bool:
    """Whether a name or an address is this machine's own, whatever its network is."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def pages(
    aws: Aws, service: str, operation: str, items: str, *, mark: str = "NextToken", asks: str = "", **request: Any
) -> Iterator[Any]:
    """All items of a paged answer; `mark` is the next page's name in answers, `asks` in requests where it differs."""
    more: dict[str, Any] = {}
    while True:
        answer = aws.call(service, operation, **request, **more)
        yield from answer.get(items, [])
        if not answer.get(mark):
            return
        more = {asks or mark: answer[mark]}


def account_of(aws: Aws) -> str:
    """The number of the account; it also shows that the credentials are good."""
    return str(aws.call("sts", "get_caller_identity")["Account"])


def answered_at(answer: Mapping[str, Any]) -> float:
    """When AWS gave an answer, by its own clock, in seconds since 1970."""
    return parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"]).timestamp()


def is_absent(error: Answered) -> bool:
    """Whether an answer says that there is no such thing, in the words that AWS's services have for it."""
    codes = {"404", "NoSuchBucket", "NoSuchKey", "NotFound", "ParameterNotFound", "ResourceNotFoundException"}
    return error.code in codes or (error.code == "ValidationError" and "does not exist" in error.message)


def as_failure(error: AwsError) -> OperateFailed:
    """What AWS refused, in a sentence."""
    if isinstance(error, NotConfigured):
        return OperateFailed(f"AWS cannot be asked: {error.code}.", CREDENTIALS)
    if isinstance(error, Answered):
        return OperateFailed(f"AWS refuses: {error.code}: {error.message}")
    return OperateFailed(f"AWS does not answer: {error.code}.", "type the same again: every step may be repeated")
