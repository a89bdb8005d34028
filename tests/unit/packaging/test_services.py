"""The list of AWS services whose descriptions are shipped, against the clients that the code makes."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from artefact import botocore_data
from artefact.botocore_data import shipped

CODE = Path(__file__).resolve().parents[3] / "chalicelib"
MAKERS = {"AwsClient", "create_client"}
BY_A_LIBRARY = {"dynamodb"}
"""PynamoDB makes this one."""


def clients(source: str) -> Iterator[str]:
    """The services of all clients made in a source; a service that is no literal is told as `?`."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name in MAKERS and node.args:
            first = node.args[0]
            yield first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else "?"


def made() -> dict[str, str]:
    """Every client made in `chalicelib`, with the file that makes it; what hands a name on is not one."""
    return {
        service: str(path.relative_to(CODE))
        for path in sorted(CODE.rglob("*.py"))
        for service in clients(path.read_text(encoding="utf-8"))
        if not (service == "?" and path.parent.name == "aws")
    }


def test_exactly_the_services_in_use_are_shipped() -> None:
    """No client lacks its description in the artefact, and no description lacks a client."""
    assert set(made()) | BY_A_LIBRARY == set(botocore_data.SERVICES)


def test_a_client_is_found_however_it_is_made() -> None:
    """The look at the code sees our own clients, botocore's, and those whose service cannot be read."""
    source = (
        "AwsClient('sqs', p)\nsession.create_client('s3', region_name=r)\nself.x = aws.AwsClient(name)\nother('ec2')"
    )
    assert list(clients(source)) == ["sqs", "s3", "?"]


def test_a_description_is_shipped_whole_but_for_its_examples() -> None:
    """Of a service in use all parts but examples, of others nothing, and what is common to all."""
    assert shipped(("sesv2", "2019-09-27", "service-2.json.gz"))
    assert shipped(("ssm", "2014-11-06", "endpoint-rule-set-1.json.gz"))
    assert shipped(("_retry.json",))
    assert not shipped(("sesv2", "2019-09-27", "examples-1.json"))
    assert not shipped(("ec2", "2016-11-15", "service-2.json.gz"))
    assert not shipped(("unknown.json",))
