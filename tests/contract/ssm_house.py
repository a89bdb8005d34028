"""SSM for tests: moto where it is right, and a stand-in for what it has not.

moto (5.2.5) keeps parameters, decrypts them, and answers GetParametersByPath with the right names and pages of ten; one
thread may use it. It is never throttled, never silent, and refuses nobody: that is the stand-in's part.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import botocore.session  # type: ignore[import-untyped]  # botocore ships no types
from moto import mock_aws

from tests.contract.codebuild_answers import Answer, document
from tests.contract.codebuild_house import REGION, aws_settings

PATH = "/ccc/test"
PLAIN = frozenset({"public_url"})


@contextmanager
def moto_parameters(**values: str) -> Iterator[Any]:
    """A client of moto's SSM that holds these parameters beneath `PATH`, all but the URL encrypted."""
    with aws_settings("SSM", ""), mock_aws():
        client = botocore.session.get_session().create_client("ssm", REGION)
        for name, value in values.items():
            kept = "String" if name in PLAIN else "SecureString"
            client.put_parameter(Name=f"{PATH}/{name}", Value=value, Type=kept)
        yield client


def listed(values: Mapping[str, str], **more: str) -> Answer:
    """GetParametersByPath's answer; `NextToken` leads on."""
    parameters = [{"Name": f"{PATH}/{name}", "Value": value, "Type": "String"} for name, value in values.items()]
    return document(Parameters=parameters, **more)


def stage(keyring: Any, **values: str) -> dict[str, str]:
    """A stage's parameters: the keyring's document as text, and others."""
    return {"keyring": json.dumps(keyring), **values}
